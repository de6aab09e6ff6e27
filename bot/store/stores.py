"""Everything that is kept in one database, by what it is."""

from dataclasses import dataclass
from typing import Self

from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.glossary import GlossaryTable
from bot.store.guilds import GuildTable
from bot.store.host import HostTable
from bot.store.rooms import RoomTable
from bot.store.settings import SettingsTable
from bot.store.transcripts import TranscriptTable
from bot.store.usage import UsageTable
from bot.store.voices import VoiceTable
from bot.store.wishes import WishTable


@dataclass(frozen=True, slots=True)
class Stores:
    """The ports of `bot.domain.stores`, implemented by the tables of one database.

    Attributes:
        consent: Who agreed to be heard, and who said no.
        settings: What servers set.
        wishes: What members said of themselves.
        voices: How members want their translations spoken.
        rooms: The rooms that run.
        guilds: The servers that invited the bot or removed it.
        usage: What was spent.
        transcripts: What was said, where the server wants it kept.
        glossary: The terms of servers.
        host: What the host decides of servers, and what all spent together.
    """

    consent: ConsentTable
    settings: SettingsTable
    wishes: WishTable
    voices: VoiceTable
    rooms: RoomTable
    guilds: GuildTable
    usage: UsageTable
    transcripts: TranscriptTable
    glossary: GlossaryTable
    host: HostTable

    @classmethod
    def of(cls, database: Database) -> Self:
        """Return what this database keeps."""
        return cls(
            consent=ConsentTable(database),
            settings=SettingsTable(database),
            wishes=WishTable(database),
            voices=VoiceTable(database),
            rooms=RoomTable(database),
            guilds=GuildTable(database),
            usage=UsageTable(database),
            transcripts=TranscriptTable(database),
            glossary=GlossaryTable(database),
            host=HostTable(database),
        )

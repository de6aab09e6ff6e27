"""Builds everything that answers people: cogs, and the views and buttons beneath messages."""

from dataclasses import dataclass

from discord.ext import commands

from bot.chat.caption_channels import CaptionChannels
from bot.guild.settings import SettingsService
from bot.records.forgetting import Forgetting
from bot.records.glossaries import Glossaries
from bot.records.transcripts import Transcripts
from bot.room.rooms import Rooms
from bot.typed.messages import MessageTranslator
from bot.ui import listening, stopping
from bot.ui.checkup import Checkup
from bot.ui.consent_notice import ConsentButtons
from bot.ui.interface import Interface
from bot.ui.messages import proposals
from bot.ui.messages.proposals import Proposals
from bot.ui.panel import PanelButtons
from bot.ui.room_host import Host
from bot.ui.settings_menus import MENUS
from bot.ui.text_channels import TextChannelWatch
from bot.ui.voices.imitation import OwnVoiceButtons
from bot.usage.build import UsageServices
from bot.wall_clock import WallClock
from cogs.auto_start import AutoStart
from cogs.caption_correction import CorrectCaption
from cogs.glossary import GlossaryCommands
from cogs.message_translation import TranslateMessage
from cogs.privacy import Privacy
from cogs.say import Say
from cogs.settings import SettingsCommands
from cogs.translate import Translate
from cogs.welcome import CheckButton, Greet, Welcome


@dataclass(frozen=True, slots=True)
class CommandServices:
    """What commands and buttons call.

    Attributes:
        rooms: The rooms of this process.
        channels: The text channels that captions go to.
        settings: The settings of servers.
        usage: What was spent.
        transcripts: What was said, where the server wants it kept.
        glossaries: The terms of servers.
        forgetting: Deletes what is kept of a person.
        messages: Translates what people write.
        proposals: What members suggest for the glossary.
    """

    rooms: Rooms
    channels: CaptionChannels
    settings: SettingsService
    usage: UsageServices
    transcripts: Transcripts
    glossaries: Glossaries
    forgetting: Forgetting
    messages: MessageTranslator
    proposals: Proposals


def build(
    client: commands.AutoShardedBot,
    services: CommandServices,
    *,
    greet: Greet,
    hears: str,
    wall: WallClock,
) -> Interface:
    """Return what the client has to take on.

    Args:
        client: The bot.
        services: What commands and buttons call.
        greet: Remembers that a server was greeted.
        hears: Who hears the speech, as the notices say it.
        wall: Tells the date and time of day.
    """
    rooms, settings, spending = services.rooms, services.settings, services.usage.spending
    channels = services.channels
    host = Host(rooms, spending, wall.seconds)
    checkup = Checkup(settings, services.usage.accounts)
    return Interface(
        cogs=[
            Translate(rooms, host, spending, wall.seconds, services.transcripts, hears=hears),
            AutoStart(client, rooms, host),
            TextChannelWatch(rooms, channels.readers, channels.boards.webhooks_changed),
            GlossaryCommands(services.glossaries, settings.languages),
            TranslateMessage(client, rooms, services.messages),
            CorrectCaption(client, rooms, settings, services.glossaries, services.proposals),
            Say(rooms),
            Privacy(rooms, services.forgetting),
            SettingsCommands(settings, checkup, rooms.runs),
            Welcome(
                client,
                greet,
                settings,
                checkup,
                serves=rooms.serves,
                hears=hears,
                now=wall.now,
            ),
        ],
        views=[
            ConsentButtons(rooms),
            PanelButtons(rooms),
            OwnVoiceButtons(rooms, wall.seconds),
            *(menu(settings, rooms.runs) for menu in MENUS),
        ],
        buttons=[
            CheckButton,
            *stopping.buttons(rooms),
            *listening.buttons(rooms),
            *proposals.buttons(services.proposals),
        ],
    )

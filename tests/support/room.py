"""The edges of a room, in memory: what the room does to them can be read back."""

from collections.abc import Callable, Mapping, Sequence

from bot.domain.events import Caption, ConversationEvent, ConversationRequest, Member
from bot.domain.ports import Listener, Look
from bot.domain.voices import OfferedVoices
from bot.errors import LanguageError, ParleyError
from tests.support.tracks import MemoryTrack


class MemoryConversation:
    """A conversation that records its speech and says what the test lets it say."""

    def __init__(
        self, request: ConversationRequest, listener: Callable[[ConversationEvent], None]
    ) -> None:
        self.request = request
        self.say = listener
        self.fed = bytearray()
        self.silences = 0
        self.glossary = dict(request.glossary)
        self.closed = False
        self.discarded = False
        self.last_words: list[ConversationEvent] = []  # said while closing

    def feed(self, pcm: bytes) -> None:
        assert not self.closed
        self.fed += pcm

    def fell_silent(self) -> None:
        self.silences += 1

    def use_glossary(self, phrases: Mapping[str, str]) -> None:
        self.glossary = dict(phrases)

    def discard(self) -> None:
        self.discarded = True

    async def close(self) -> None:
        for event in self.last_words:
            self.say(event)
        self.closed = True


class MemoryInterpreter:
    def __init__(self) -> None:
        self.conversations: list[MemoryConversation] = []
        self.spoken = {"en": True, "es": True, "ca": False}
        self.prepared: list[ConversationRequest] = []
        self.refusal: ParleyError | None = None
        self.offered = OfferedVoices()

    def check(self, request: ConversationRequest) -> None:
        if request.target not in self.spoken:
            raise LanguageError(f"No {request.target}.")

    async def prepare(self, request: ConversationRequest) -> None:
        self.prepared.append(request)
        if self.refusal is not None:
            raise self.refusal

    async def discard(self, guild_id: int) -> None:
        self.prepared = [r for r in self.prepared if r.guild_id != guild_id]

    def converse(
        self, request: ConversationRequest, listener: Callable[[ConversationEvent], None]
    ) -> MemoryConversation:
        conversation = MemoryConversation(request, listener)
        self.conversations.append(conversation)
        return conversation

    def languages(self) -> Mapping[str, bool]:
        return self.spoken

    def voices(self) -> OfferedVoices:
        return self.offered

    def of(self, speaker_id: int, target: str = "en") -> MemoryConversation:
        """The newest conversation of this speaker into this language."""
        return next(
            c
            for c in reversed(self.conversations)
            if (c.request.speaker_id, c.request.target) == (speaker_id, target)
        )


class MemoryBoard:
    def __init__(self) -> None:
        self.shown: list[Caption] = []
        self.notices: list[str] = []
        self.languages: tuple[str, ...] = ()
        self.closed = False

    def show(self, caption: Caption) -> None:
        assert not self.closed
        self.shown.append(caption)

    def say(self, text: str) -> None:
        self.notices.append(text)

    def languages_changed(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)

    async def close(self) -> None:
        self.closed = True

    def standing(self) -> list[Caption]:
        """What can be read in the end, in the order it appeared."""
        newest = {caption.key: caption for caption in self.shown}
        return [caption for caption in newest.values() if caption.text or caption.source_text]


class MemoryLink:
    def __init__(self, *members: Member) -> None:
        self.present = {member.id: member for member in members}
        self.allowed: list[frozenset[int]] = []
        self.tracks: list[MemoryTrack] = []
        self.tracks_last = False
        self.speaking = False
        self.closed = False
        self.channel_id = 10

    def allow(self, user_ids: frozenset[int]) -> None:
        self.allowed.append(user_ids)

    def members(self) -> tuple[Member, ...]:
        return tuple(self.present.values())

    @property
    def played(self) -> bytes:
        """All that was heard, but for what was broken off."""
        return b"".join(track.pcm for track in self.tracks if not track.dropped)

    def begin(self, *, gain: float = 1.0) -> MemoryTrack:
        track = MemoryTrack(lasts=self.tracks_last)
        track.gain = gain
        self.tracks.append(track)
        return track

    def someone_speaks(self) -> bool:
        return self.speaking

    def figures(self) -> Mapping[str, float]:
        return {"packets": 1.0}

    async def close(self) -> None:
        self.closed = True


class MemoryConsent:
    def __init__(self, *agreed: int) -> None:
        self.rows = {(1, user_id) for user_id in agreed}
        self.declined: set[tuple[int, int]] = set()

    async def consenting(self, guild_id: int) -> frozenset[int]:
        return frozenset(user for guild, user in self.rows if guild == guild_id)

    async def agree(self, guild_id: int, user_id: int) -> None:
        self.rows.add((guild_id, user_id))
        self.declined.discard((guild_id, user_id))

    async def withdraw(self, guild_id: int, user_id: int) -> None:
        self.rows.discard((guild_id, user_id))

    async def declining(self, guild_id: int) -> frozenset[int]:
        return frozenset(user for guild, user in self.declined if guild == guild_id)

    async def decline(self, guild_id: int, user_id: int) -> None:
        self.rows.discard((guild_id, user_id))
        self.declined.add((guild_id, user_id))

    async def undecline(self, guild_id: int, user_id: int) -> None:
        self.declined.discard((guild_id, user_id))


class World:
    """One voice channel and one text channel for `Rooms`."""

    def __init__(self, *members: Member) -> None:
        self.link = MemoryLink(*members)
        self.board = MemoryBoard()
        self.look: Look | None = None
        self.refused: Callable[[str], None] | None = None
        self.listener: Listener | None = None
        self.refuse_voice: Exception | None = None
        self.speaks = False

    async def join_voice(self, channel_id: int, listener: Listener, *, speaks: bool) -> MemoryLink:
        assert channel_id
        self.speaks = speaks
        if self.refuse_voice is not None:
            raise self.refuse_voice
        self.listener = listener
        return self.link

    async def open_board(
        self, channel_id: int, look: Look, refused: Callable[[str], None]
    ) -> MemoryBoard:
        assert channel_id
        self.refused = refused
        self.look = look
        return self.board

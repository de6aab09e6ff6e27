"""One room, as its page sees it: who may read, which voices are wanted, what is heard of each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.clock import Alarm, Clock
from bot.domain.audience import OpenPage, RoomState, SpokenState
from bot.domain.events import ConversationState, Member
from bot.domain.notices import Sight
from bot.domain.plan import RoomPlan
from bot.room.captions import CaptionLine
from bot.room.listening.track import PageTrack
from bot.room.spoken.voice_queue import QueuedUtterance, VoiceQueue
from bot.words.codes import ORIGINAL


class RoomPage:
    """Implements Audience, and brings the room to its page.

    Args:
        plan: The room's.
        sight: Returns what a member sees of the text channel.
        clock: Tells the time and calls back.
        open_page: Opens the page.
        wanted: Called when voices are listened to that were not, or no longer.
        ask: Asks Discord anew what a member sees of it; returns whether that is known now.

    Attributes:
        guild_id: The server it is in.
        run: Names this room among all there were.
        broadcast: The page.
        listened: Languages whose voices somebody listens to.
    """

    def __init__(
        self,
        plan: RoomPlan,
        sight: Callable[[int], Sight],
        clock: Clock,
        open_page: OpenPage,
        wanted: Callable[[], None],
        *,
        ask: Callable[[int], Awaitable[bool]],
    ) -> None:
        self.guild_id = plan.guild_id
        self.run = plan.session
        self.listened: frozenset[str] = frozenset()
        self._sight = sight
        self._clock = clock
        self._wanted = wanted
        self._ask = ask
        self._voices: dict[str, VoiceQueue] = {}
        self._due = Alarm(clock, self.advance)
        self.broadcast = open_page(self, plan.targets)

    # What the page asks

    def may_read(self, member_id: int) -> bool:
        """Return whether a member can see the text channel, where the same can be read."""
        return self._sight(member_id) is not Sight.NOTHING

    async def ask_again(self, member_id: int) -> bool:
        """Ask Discord anew about a member; return whether `may_read` is up to date now."""
        return await self._ask(member_id)

    def listened_to(self, languages: frozenset[str]) -> None:
        """Have these languages' voices made, and no others."""
        if languages == self.listened:
            return
        for language in self.listened - languages:
            if (queue := self._voices.pop(language, None)) is not None:
                queue.stop()
        self.listened = languages
        self._wanted()

    # What the room says

    def look(
        self, figures: Mapping[str, float], speaking: Sequence[Member], *, paused: bool
    ) -> None:
        """Tell readers how the room is doing.

        Args:
            figures: The voice link's; none while there is no link.
            speaking: Who speaks.
            paused: Nobody is heard until the room is resumed.
        """
        deaf = not figures or figures.get("deafened") or figures.get("deaf")
        state = RoomState.DEAF if deaf else RoomState.LIVE
        self.broadcast.state(RoomState.PAUSED if paused else state)
        self.broadcast.speaking(speaking)

    def use_languages(
        self,
        targets: Sequence[str],
        spoken: Mapping[str, bool],
        conversations: Sequence[Mapping[str, ConversationState]],
    ) -> None:
        """Offer these languages.

        Args:
            targets: The room's.
            spoken: Languages by code, and whether the service speaks each.
            conversations: Each speaker's, by language.
        """
        self.broadcast.use_languages([one for one in targets if one != ORIGINAL])
        for language in targets:
            if not spoken.get(language, False):
                state = SpokenState.NONE
            elif language not in self.listened:
                state = SpokenState.TEXT
            else:
                states = {known.get(language) for known in conversations}
                opened = states <= {ConversationState.OPEN, ConversationState.IDLE}
                state = SpokenState.OPEN if opened else SpokenState.OPENING
            self.broadcast.spoken(language, state)

    def voice(self, utterance: QueuedUtterance, pcm: bytes) -> None:
        """Take a piece of an utterance's voice, where somebody listens."""
        language = utterance.line.language
        if language not in self.listened:
            return
        if language not in self._voices:
            self._voices[language] = VoiceQueue(
                lambda _: PageTrack(self.broadcast, language, self._clock)
            )
        self._voices[language].voice(utterance, pcm, self._clock.now())

    def ended(self, utterance: QueuedUtterance) -> None:
        """Record that no more voice comes for an utterance."""
        if (queue := self._voices.get(utterance.line.language)) is not None:
            queue.ended(utterance)

    def take_back(self, utterance: QueuedUtterance) -> None:
        """Let nothing more be heard of an utterance."""
        if (queue := self._voices.get(utterance.line.language)) is not None:
            queue.take_back(utterance)

    def broke_off(self, line: CaptionLine) -> None:
        """Record that a conversation brings no more voice for what it had begun."""
        if (queue := self._voices.get(line.language)) is not None:
            queue.broke_off(line)

    def silence(self, visit: int) -> None:
        """Let nothing more be heard of a visit."""
        for queue in self._voices.values():
            queue.silence(visit)

    def advance(self) -> None:
        """Go on with what is due; to be called after each change."""
        now = self._clock.now()
        found = [due for queue in self._voices.values() if (due := queue.advance(now)) is not None]
        self._due.cancel()
        if found:
            self._due.set(min(found))

    def close(self, *, restarting: bool) -> None:
        """Say that the room is over, unless the process alone is."""
        self._due.cancel()
        if not restarting:
            self.broadcast.end()
        else:
            self.broadcast.speaking(())

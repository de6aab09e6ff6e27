"""The speakers of a room, and which conversations each of them has."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from bot.consent.admission import Admission
from bot.domain.events import ConversationRequest, ConversationState, Member
from bot.domain.glossary import Glossary
from bot.domain.notices import Sight
from bot.domain.plan import RoomPlan, SpeakerStatus
from bot.domain.ports import Interpreter
from bot.room.fan_out import Division, Fanning
from bot.room.languages import Languages, Reading
from bot.room.speaker import Said, Speaker
from bot.words.codes import ORIGINAL


class SpeakerRoster:
    """Makes a room's speakers, and changes their languages while they speak.

    Args:
        interpreter: The translation service.
        fanning: How further languages are made; None: a conversation for each.
        said: Called with what their conversations say.
        requests: What to open for a member, in the order of the room's languages.
        agreed: How many of those present may be heard.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        fanning: Fanning,
        said: Said,
        requests: Callable[[int], list[ConversationRequest]],
        agreed: Callable[[], int],
    ) -> None:
        self._interpreter = interpreter
        self._fanning = fanning
        self._said = said
        self._requests = requests
        self._agreed = agreed
        self._present: dict[int, Speaker] = {}
        self._read: frozenset[str] = frozenset()  # by the plan before
        self._visits = itertools.count(1)

    def __iter__(self) -> Iterator[int]:
        """Iterate over the speakers' user ids; speakers may come and go meanwhile."""
        return iter(tuple(self._present))

    def get(self, user_id: int) -> Speaker | None:
        """Return the speaker of this id, if they spoke."""
        return self._present.get(user_id)

    def all(self) -> tuple[Speaker, ...]:
        """Return the speakers."""
        return tuple(self._present.values())

    def conversations(self) -> Iterator[ConversationState]:
        """Return the state of each conversation."""
        return (
            state
            for speaker in self._present.values()
            for language, state in speaker.states.items()
            if speaker.hears((language,))
        )

    def stale(self) -> list[int]:
        """Return the user ids of those whose next words are to begin another visit."""
        return [user_id for user_id, speaker in self._present.items() if speaker.stale]

    @property
    def translated(self) -> bool:
        """Whether one of them is being translated, or can be at once."""
        return any(speaker.translated for speaker in self._present.values())

    def given_up(self) -> list[int]:
        """Return the user ids of those of whom a language has ended, though it is wanted."""
        return [user_id for user_id, speaker in self._present.items() if speaker.given_up]

    def written(self, languages: Sequence[str]) -> list[str]:
        """Return which of these languages are made in writing, for any speaker."""
        present = self._present.values()
        return [one for one in languages if any(speaker.writes((one,)) for speaker in present)]

    def pop(self, user_id: int) -> Speaker | None:
        """Remove and return the speaker of this id, if they spoke."""
        return self._present.pop(user_id, None)

    def arrived(self, member: Member, plan: RoomPlan) -> Speaker:
        """Add and return a speaker for a member who was not one."""
        division = self._division(plan)
        requests = {request.target: request for request in self._requests(member.id)}
        speaker = self._present[member.id] = Speaker(
            next(self._visits),
            member,
            [requests[target] for target in division.heard],
            self._interpreter,
            self._said,
            written=[requests[target] for target in division.written],
            unseen=plan.unseen,
            texts=self._fanning.texts,
        )
        if ORIGINAL in plan.targets:
            speaker.show_original()
        speaker.rest(plan.resting)
        return speaker

    def status(
        self, members: Iterable[Member], languages: Languages, admission: Admission
    ) -> tuple[SpeakerStatus, ...]:
        """Return how the members in the voice channel stand, whether they spoke or not."""
        return tuple(self._status_of(member, languages, admission) for member in members)

    def _status_of(
        self, member: Member, languages: Languages, admission: Admission
    ) -> SpeakerStatus:
        speaker = self._present.get(member.id)
        reading = languages.reading(member.id, present=True)
        return SpeakerStatus(
            member=member,
            consenting=member.id in admission.consent.agreed,
            reads=admission.reads(member.id),
            sees=admission.sight(member.id) is not Sight.NOTHING,
            speaking=speaker is not None and speaker.speaking,
            conversations={} if speaker is None else dict(speaker.states),
            unread=None if reading is Reading.GIVEN else languages.of(member.id).reads,
            unreadable=reading in (Reading.CLOSED, Reading.UNWRITTEN),
        )

    def use_glossary(self, glossary: Glossary, plan: RoomPlan) -> None:
        """Translate these terms so from now on; by target language."""
        for speaker in self._present.values():
            for language in plan.targets:
                speaker.use_glossary(language, glossary.get(language, {}))

    def retarget(self, plan: RoomPlan) -> list[tuple[Speaker, str]]:
        """Open what the plan has new, for each speaker; returns what is to be dropped.

        Where that would break into what is being said, the speaker becomes stale instead.
        """
        division = self._division(plan)
        dropped = []
        for user_id, speaker in self._present.items():
            before = speaker.languages
            if ORIGINAL in plan.targets and ORIGINAL not in before:
                speaker.show_original()
            for request in self._requests(user_id):
                if request.target == plan.unseen:
                    speaker.stale = speaker.stale or not speaker.only_hears(request.target)
                elif request.target not in before:
                    self._open(speaker, request, written=request.target in division.written)
            for language in before - set(plan.targets):
                if speaker.leads(language):
                    speaker.hide(language)
                    speaker.stale = True
                else:
                    dropped.append((speaker, language))
            # What changed hands is made another way from the speaker's next pause on.
            if speaker.hears(plan.read) or speaker.writes(self._read & set(division.heard)):
                speaker.stale = True
            speaker.rest(plan.resting)
        self._read = frozenset(plan.read)
        return dropped

    def _open(self, speaker: Speaker, request: ConversationRequest, *, written: bool) -> None:
        if written and speaker.may_write(request.target):
            speaker.write(request)
        elif request.target in speaker.known:
            # Its turns would be numbered anew under the captions of the earlier ones.
            speaker.stale = True
        else:
            speaker.converse(request)

    def _division(self, plan: RoomPlan) -> Division:
        stands = sum(speaker.conversations for speaker in self._present.values())
        chosen = len(plan.heard)
        return self._fanning.divide(
            plan.translated,
            plan.lead,
            lambda: max(chosen, self._agreed() * chosen - stands),
            plan.guild_id,
            read=plan.read,
            voiced=plan.listened,
        )

"""Which voice speaks whom.

Each person has an order of the voices of their own, made from their id, and gets the first that
nobody else in the channel has: so they mostly keep it from room to room without anything being
kept of them. What somebody chose is theirs, and whoever had it by chance gives way.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from bot.domain.events import ConversationRequest
from bot.domain.voices import AUTOMATIC, MemberVoice, ModelVoice, OfferedVoices


class Casting:
    """Gives the speakers of a room their voices.

    Args:
        offered: Returns the voices there are.
        wishes: How members want to be spoken, by user id.
        present: Returns the user ids of those in the voice channel.
    """

    def __init__(
        self,
        offered: Callable[[], OfferedVoices],
        wishes: Mapping[int, MemberVoice],
        present: Callable[[], Collection[int]],
    ) -> None:
        self._offered = offered
        self._wishes = dict(wishes)
        self._present = present
        self._given: dict[tuple[int, str], str] = {}  # by user id and language
        self._displaced: set[int] = set()

    def of(self, user_id: int) -> MemberVoice:
        """Return what a member wants."""
        return self._wishes.get(user_id, AUTOMATIC)

    def wish(self, user_id: int, voice: MemberVoice) -> None:
        """Speak a member so in what is cast from now on."""
        self._wishes[user_id] = voice
        self._given = {key: name for key, name in self._given.items() if key[0] != user_id}

    def cast(self, requests: Iterable[ConversationRequest]) -> list[ConversationRequest]:
        """Return a speaker's requests with the voices that they get."""
        return [self._cast(request) for request in requests]

    def take_displaced(self) -> set[int]:
        """Return the user ids of those who get another voice, as somebody chose theirs; once."""
        displaced, self._displaced = self._displaced, set()
        return displaced

    def _cast(self, request: ConversationRequest) -> ConversationRequest:
        if not request.spoken:
            return request
        wish = self.of(request.speaker_id)
        if wish.silent:
            return replace(request, spoken=False)
        voice = self._voice(request.speaker_id, request.target)
        imitated = wish.imitated and self._offered().imitates
        return replace(request, voice=voice, imitated=imitated)

    def _voice(self, user_id: int, language: str) -> str | None:
        speaking = [voice for voice in self._offered().voices if voice.speaks(language)]
        if not speaking:
            return None
        key = (user_id, language)
        wish = self.of(user_id)
        chosen = next((voice.name for voice in speaking if voice.name == wish.name), None)
        if chosen is not None:
            self._displace(user_id, language, chosen)
            self._given[key] = chosen
        elif (kept := self._given.get(key)) is None or self._taken(user_id, language)[kept]:
            self._given[key] = self._free(user_id, language, speaking)
        return self._given[key]

    def _free(self, user_id: int, language: str, speaking: list[ModelVoice]) -> str:
        """Return the voice that fewest others have, and of those the first in the person's own."""
        taken = self._taken(user_id, language)
        own = {name for (known, _), name in self._given.items() if known == user_id}
        for_all = [voice for voice in speaking if not voice.dialect] or speaking
        return min(
            (voice.name for voice in for_all),
            key=lambda name: (taken[name], name not in own, _order(user_id, name)),
        )

    def _taken(self, user_id: int, language: str) -> Counter[str]:
        """Count the voices of the others in the channel; one that was chosen counts before use."""
        taken: Counter[str] = Counter()
        for other in self._present():
            wish = self.of(other)
            if other == user_id or wish.silent or (wish.imitated and self._offered().imitates):
                continue
            if (name := self._given.get((other, language), wish.name)) is not None:
                taken[name] += 1
        return taken

    def _displace(self, user_id: int, language: str, name: str) -> None:
        for other in self._present():
            had_by_chance = self.of(other).name != name
            if other != user_id and had_by_chance and self._given.get((other, language)) == name:
                del self._given[other, language]
                self._displaced.add(other)


def _order(user_id: int, name: str) -> bytes:
    return hashlib.blake2b(f"{user_id} {name}".encode(), digest_size=8).digest()

"""Who of a guild may be heard.

Consent is per person and guild, is remembered, and ends at once when it is withdrawn: whoever
listens to changes is told before `withdraw` returns. How it is given is the guild's mode:

- opt-in: by saying yes. Of anybody else nothing is stored, not even a no.
- announced: by being told and not saying no. Those told are remembered by the running room alone
  (`newcomers`); a no is stored, as it could not be honoured otherwise.

The person's latest word counts, whatever the store is still busy with.
"""

import asyncio
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Protocol

from bot.domain.ports import ConsentStore
from bot.domain.stored import ConsentMode
from bot.domain.stores import DeclineStore, SettingsStore

Changed = Callable[[frozenset[int]], None]


class AnswerStore(ConsentStore, DeclineStore, Protocol):
    """Who said yes and who said no; a person stands in one of the two, or in none."""


class Answer(StrEnum):
    """What a person said of being heard in a guild."""

    YES = "yes"
    NO = "no"
    NONE = "none"


class Consent:
    """The answers of one guild's people, kept in memory and in the store.

    Args:
        guild_id: The guild.
        store: Where answers are remembered.
        agreed: User ids of those who agreed so far.
        declined: User ids of those who said no so far.
        mode: How consent is given.
    """

    def __init__(
        self,
        guild_id: int,
        store: AnswerStore,
        agreed: frozenset[int],
        declined: frozenset[int] = frozenset(),
        mode: ConsentMode = ConsentMode.OPT_IN,
    ) -> None:
        self._guild_id = guild_id
        self._store = store
        self._mode = mode
        self._yes = agreed - declined
        self._no = declined  # stored
        self._unstored_no: frozenset[int] = frozenset()  # said, and not kept on their wish
        self._told: frozenset[int] = frozenset()
        self._agreed = self._yes
        self._agreeing: dict[int, object] = {}  # by user: the yes that is being stored
        self._writing = asyncio.Lock()  # fair: the store is written in the order of what was said
        self._listeners: list[Changed] = []

    @property
    def agreed(self) -> frozenset[int]:
        """User ids of those who may be heard now."""
        return self._agreed

    @property
    def mode(self) -> ConsentMode:
        """How consent is given."""
        return self._mode

    def answer(self, user_id: int) -> Answer:
        """Return what this person said."""
        if user_id in self._no or user_id in self._unstored_no:
            return Answer.NO
        return Answer.YES if user_id in self._yes else Answer.NONE

    def stays_out(self, user_id: int) -> bool:
        """Return whether a no would change nothing: they are not heard, nor about to be."""
        if user_id in self._agreed or user_id in self._agreeing:
            return False
        return self._mode is ConsentMode.OPT_IN or self.answer(user_id) is Answer.NO

    def keeps(self, user_id: int) -> bool:
        """Return whether an answer of this person is in the store."""
        return user_id in self._yes or user_id in self._no

    def listen(self, changed: Changed) -> Callable[[], None]:
        """Call back with the set after each change of it or of the mode; returns how to stop it.

        The call comes at once and must not await.
        """
        self._listeners.append(changed)
        return lambda: self._listeners.remove(changed)

    # What a person says

    async def agree(self, user_id: int) -> bool:
        """Hear this person from now on. Stored first; return False when nothing changed.

        Raises:
            StoreError: It could not be remembered, and is not in force.
        """
        this = self._agreeing[user_id] = object()
        try:
            async with self._writing:
                if self._agreeing.get(user_id) is not this or self.answer(user_id) is Answer.YES:
                    return False
                await self._store.agree(self._guild_id, user_id)
                if self._agreeing.get(user_id) is not this:
                    return False  # a later word came; it is stored next
                self._yes |= {user_id}
                self._no -= {user_id}
                self._unstored_no -= {user_id}
                self._tell_all()
                return True
        finally:
            if self._agreeing.get(user_id) is this:
                del self._agreeing[user_id]

    async def withdraw(self, user_id: int) -> bool:
        """Stop hearing this person; where it is needed, remember their no.

        In force before it is stored; False when they were not heard and had said no or nothing.

        Raises:
            StoreError: It is in force, but the store still has what was before.
        """
        remembered = self._mode is ConsentMode.ANNOUNCED or user_id in self._no
        changed = self._leave_out(user_id)
        if remembered:
            self._no |= {user_id}
            self._unstored_no -= {user_id}
        async with self._writing:
            if remembered:
                await self._store.decline(self._guild_id, user_id)
            else:
                # Also when nothing is known of them: an earlier try may have failed.
                await self._store.withdraw(self._guild_id, user_id)
        return changed

    async def forget(self, user_id: int) -> bool:
        """Keep no answer of this person, and do not hear them; whether there was one.

        As long as this object lives they are heard again only when they agree themselves: being
        told is not enough.

        Raises:
            StoreError: They are not heard, but the store still has their answer.
        """
        kept = self.keeps(user_id)
        self._leave_out(user_id)
        self._no -= {user_id}
        async with self._writing:
            await self._store.withdraw(self._guild_id, user_id)
            await self._store.undecline(self._guild_id, user_id)
        return kept

    def _leave_out(self, user_id: int) -> bool:
        """Stop hearing this person at once, whatever a store says later."""
        self._agreeing.pop(user_id, None)
        changed = user_id in self._agreed or (
            self._mode is ConsentMode.ANNOUNCED and self.answer(user_id) is not Answer.NO
        )
        self._yes -= {user_id}
        self._told -= {user_id}
        self._unstored_no |= {user_id} - self._no
        self._tell_all()
        return changed

    # What the guild and its room say

    def use_mode(self, mode: ConsentMode) -> None:
        """Ask for consent in this mode; who was told under the other is told anew."""
        if mode is not self._mode:
            self._mode = mode
            self._told = frozenset()
            self._tell_all()

    def told(self, user_ids: Iterable[int]) -> None:
        """Note who was told that they are heard, and had the time to say no."""
        self._told |= frozenset(user_ids)
        self._tell_all()

    def told_nobody(self) -> None:
        """Forget who was told, as a room begins or has ended."""
        self._told = frozenset()
        self._tell_all()

    def _tell_all(self) -> None:
        told = self._told if self._mode is ConsentMode.ANNOUNCED else frozenset()
        self._agreed = (self._yes | told) - self._no - self._unstored_no
        for changed in tuple(self._listeners):
            changed(self._agreed)


class Consents:
    """The consent of every guild, loaded when first asked for.

    Args:
        store: Where answers are remembered.
        settings: Has each guild's mode.
    """

    def __init__(self, store: AnswerStore, settings: SettingsStore) -> None:
        self._store = store
        self._settings = settings
        self._guilds: dict[int, Consent] = {}
        self._modes: dict[int, ConsentMode] = {}  # those set since this process began

    async def of(self, guild_id: int) -> Consent:
        """Return the one Consent of a guild.

        Raises:
            StoreError: The store can't be read.
        """
        if guild_id not in self._guilds:
            agreed = await self._store.consenting(guild_id)
            declined = await self._store.declining(guild_id)
            mode = (await self._settings.settings(guild_id)).consent
            # Another caller may have loaded it meanwhile, or set the mode; there must be one.
            mode = self._modes.get(guild_id, mode)
            self._guilds.setdefault(
                guild_id, Consent(guild_id, self._store, agreed, declined, mode)
            )
        return self._guilds[guild_id]

    def stays_out(self, guild_id: int, user_id: int) -> bool:
        """Return `Consent.stays_out` of the guild; False while that is not loaded."""
        consent = self._guilds.get(guild_id)
        return consent is not None and consent.stays_out(user_id)

    def use_mode(self, guild_id: int, mode: ConsentMode) -> None:
        """Apply a guild's mode, which was changed and is stored."""
        self._modes[guild_id] = mode
        if (consent := self._guilds.get(guild_id)) is not None:
            consent.use_mode(mode)

    def drop(self, guild_id: int) -> None:
        """Remember nothing of a guild here; its room has ended, and the store goes its own way."""
        self._guilds.pop(guild_id, None)
        self._modes.pop(guild_id, None)

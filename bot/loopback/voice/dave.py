"""The voice gateway's role in DAVE, Discord's end-to-end encryption, for one call.

The theory: the members of a call form an MLS group, and each epoch of it has its own keys. The
gateway is not in the group. It proposes that members be added or removed (op 27), every member
answers with a commit (op 28), and the first that covers every proposal of the epoch wins: those in
the group get the commit (op 29), those it adds get a welcome (op 30). When all have digested it
(op 23) or some time has passed, all switch their keys together (op 22). Until the first commit
there is no group, and every member tries to found it from a group of its own. When one member is
left, the group is given up and starts over (ops 24, 21, 25).

Source: the DAVE whitepaper (daveprotocol.com), protocol version 1. No I/O here: each method takes
what a member did and returns what is to be sent.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.errors import MalformedError
from bot.loopback.voice import mls
from bot.loopback.voice.opcodes import Body, Op

VERSION = 1


@dataclass(frozen=True, slots=True)
class Send:
    """A message for one member."""

    user_id: int
    op: Op
    body: Body


@dataclass(slots=True)
class _Member:
    user_id: int
    key_package: bytes | None = None  # waits to be added with it
    leaf: int | None = None  # its place in the tree; None while outside of the group
    switched: bool = False  # has executed a transition of the group it is in
    awaited: int = 1  # key packages that it was asked for; all but the newest are out of date


@dataclass(slots=True)
class _Open:
    """A proposal of this epoch that no commit has covered yet."""

    proposal: mls.Proposal
    user_id: int
    leaf: int | None  # of the one to remove; None for an add
    key_package: bytes = b""
    told: set[int] = field(default_factory=set)

    @property
    def adds(self) -> bool:
        return self.leaf is None


@dataclass(slots=True)
class _Transition:
    members: set[int]
    missing: set[int]


class DaveGroup:
    """The gateway's view of one call's group.

    Args:
        channel_id: The voice channel, whose id is the group's.
    """

    def __init__(self, channel_id: int) -> None:
        self._sender = mls.ExternalSender(channel_id)
        self._members: dict[int, _Member] = {}
        self._open: dict[bytes, _Open] = {}
        self._leaves: list[int | None] = []  # user ids by place; None is a blank leaf
        self._transitions: dict[int, _Transition] = {}
        self._last_transition = 0
        self._established = False
        self.epoch = 0
        self.dropped_commits = 0

    # State

    def in_group(self) -> frozenset[int]:
        """Return the members that the last winning commit left in the group."""
        return frozenset(u for u, member in self._members.items() if member.leaf is not None)

    def transitions(self) -> tuple[int, ...]:
        """Return the transitions that were announced and not executed."""
        return tuple(self._transitions)

    def must_encrypt(self, user_id: int) -> bool:
        """Return whether a plain frame is a fault: its member has keys, and no change runs."""
        member = self._members.get(user_id)
        if member is None or not member.switched:
            return False
        return not any(user_id in running.members for running in self._transitions.values())

    # Messages of members

    def join(self, user_id: int) -> list[Send]:
        """Add a member to the call; sending the external sender asks for a key package."""
        self._members[user_id] = _Member(user_id)
        return [Send(user_id, Op.EXTERNAL_SENDER, self._sender.package)]

    def leave(self, user_id: int) -> list[Send]:
        """Take a member out of the call."""
        member = self._members.pop(user_id, None)
        if member is None:
            return []
        self._forget_told(user_id)
        sends = self._withdraw_add(user_id)
        sends += self._remove(member)
        for transition_id in list(self._transitions):
            sends += self.ready(user_id, transition_id)
        return sends + self._start_over_if_needed()

    def key_package(self, user_id: int, body: bytes) -> list[Send]:
        """Handle op 26: a member wants to be added.

        Raises:
            MalformedError: It is no key package, or not this member's.
        """
        if mls.key_package_user(body) != user_id:
            raise MalformedError("DAVE: the key package names another user.")
        member = self._members[user_id]
        member.awaited = max(0, member.awaited - 1)
        if member.awaited:
            return []
        self._forget_told(user_id)  # its session is a new one
        sends = self._withdraw_add(user_id)
        sends += self._remove(member)
        sends += self._start_over_if_needed()
        member.key_package = body
        if not self._established:
            sends += [self._tell(user_id, one) for one in self._open.values()]
        proposal = self._sender.add(self.epoch, body)
        return sends + self._propose(_Open(proposal, user_id, None, body))

    def commit(self, user_id: int, body: bytes) -> list[Send]:
        """Handle op 28: a member's commit. All but the first good one of an epoch are dropped.

        Raises:
            MalformedError: It is no commit.
        """
        commit = mls.parse_commit_welcome(body)
        member = self._members[user_id]
        if not self._wins(member, commit):
            self.dropped_commits += 1
            return []
        covered = [self._open[reference] for reference in commit.references]
        welcomes = {
            one.user_id: mls.welcome_for(commit.welcome, one.key_package)
            for one in covered
            if one.adds and commit.welcome is not None
        }
        self._apply(member, covered)
        self._last_transition = self._last_transition % 0xFFFF + 1
        head = struct.pack(">H", self._last_transition)
        inside = set(self.in_group())
        self._transitions[self._last_transition] = _Transition(inside, set(inside))
        return [
            Send(one, Op.WELCOME, head + welcomes[one])
            if one in welcomes
            else Send(one, Op.ANNOUNCE_COMMIT, head + commit.message)
            for one in self._members
            if one in inside
        ]

    def ready(self, user_id: int, transition_id: int) -> list[Send]:
        """Handle op 23: a member has taken in a transition. After the last, all execute it."""
        running = self._transitions.get(transition_id)
        if running is None:
            return []
        running.missing.discard(user_id)
        return [] if running.missing else self.execute(transition_id)

    def execute(self, transition_id: int) -> list[Send]:
        """Let all switch, whoever is ready: everybody is, or has had the time for it."""
        running = self._transitions.pop(transition_id, None)
        if running is None:
            return []
        sends = []
        for user_id in sorted(running.members & self.in_group()):
            self._members[user_id].switched = True
            sends.append(Send(user_id, Op.EXECUTE_TRANSITION, {"transition_id": transition_id}))
        return sends

    def invalid(self, user_id: int, transition_id: int) -> list[Send]:
        """Handle op 31: a member could not read a commit or welcome; it is to be added anew."""
        sends = self.ready(user_id, transition_id)
        self._forget_told(user_id)
        self._members[user_id].awaited += 1
        sends += self._remove(self._members[user_id])
        return sends + self._start_over_if_needed()

    # Epochs

    def _wins(self, member: _Member, commit: mls.Commit) -> bool:
        if commit.epoch != self.epoch or not commit.references:
            return False
        if self._established:
            wanted = set(self._open)
            place = member.leaf
        else:
            # Nobody adds itself to the group that it founds.
            wanted = {ref for ref, one in self._open.items() if one.user_id != member.user_id}
            place = 0
        if commit.leaf != place or set(commit.references) != wanted:
            return False
        return commit.welcome is not None or not any(self._open[one].adds for one in wanted)

    def _apply(self, committer: _Member, covered: list[_Open]) -> None:
        if not self._established:
            self._established = True
            self._leaves = [committer.user_id]
            committer.leaf = 0
            committer.key_package = None
        for one in covered:  # removals first: what they blank is filled again
            if one.leaf is not None:
                self._leaves[one.leaf] = None
        for one in covered:
            if one.adds:
                member = self._members[one.user_id]
                member.leaf, member.key_package = self._place(one.user_id), None
        self._open.clear()
        self.epoch += 1

    def _place(self, user_id: int) -> int:
        if None in self._leaves:
            leaf = self._leaves.index(None)
            self._leaves[leaf] = user_id
            return leaf
        self._leaves.append(user_id)
        return len(self._leaves) - 1

    def _start_over_if_needed(self) -> list[Send]:
        """Give the group up when nobody is in it to commit, or nobody to talk to."""
        if not self._established or (len(self._members) > 1 and self.in_group()):
            return []
        self._established = False
        self.epoch = 0
        self._open.clear()
        self._leaves.clear()
        self._transitions.clear()
        epoch = {"protocol_version": VERSION, "epoch": 1, "transition_id": 0}
        sends = []
        for user_id, member in self._members.items():
            if member.leaf is None:
                continue  # still new: was told nothing that it would have to forget
            awaited = member.awaited + 1
            self._members[user_id] = _Member(user_id, awaited=awaited)
            sends += [
                Send(user_id, Op.PREPARE_EPOCH, epoch),
                Send(
                    user_id,
                    Op.PREPARE_TRANSITION,
                    {"protocol_version": VERSION, "transition_id": 0},
                ),
                Send(user_id, Op.EXTERNAL_SENDER, self._sender.package),
            ]
        for user_id, member in self._members.items():
            if member.key_package is not None:
                proposal = self._sender.add(0, member.key_package)
                sends += self._propose(_Open(proposal, user_id, None, member.key_package))
        return sends

    # Proposals

    def _remove(self, member: _Member) -> list[Send]:
        if member.leaf is None:
            return []
        leaf, member.leaf, member.switched = member.leaf, None, False
        proposal = self._sender.remove(self.epoch, leaf)
        remove = _Open(proposal, member.user_id, leaf)
        if not any(one.adds for one in self._open.values()):
            return self._propose(remove)
        self._open[proposal.reference] = remove
        return self._renew()

    def _withdraw_add(self, user_id: int) -> list[Send]:
        gone = [one for one in self._open.values() if one.adds and one.user_id == user_id]
        return self._renew(without=gone) if gone else []

    def _renew(self, without: Iterable[_Open] = ()) -> list[Send]:
        """Take back every open proposal and propose them anew, removals first.

        Whenever anything but an add is done to a set with adds in it, for two reasons that were
        seen with davey 0.1.7 and hold for any client: what a member answers to a removal or a
        revocation leaves the Welcome for adds before it out; and a set that comes back to an
        earlier state would let an old commit win, while its sender has a newer one pending.
        """
        sends = []
        for user_id in self._members:
            told = [ref for ref, one in self._open.items() if user_id in one.told]
            if told:
                sends.append(Send(user_id, Op.PROPOSALS, mls.revoke_body(told)))
        again = [one for one in self._open.values() if one not in without]
        self._open.clear()
        for one in sorted(again, key=lambda one: one.adds):
            proposal = (
                self._sender.add(self.epoch, one.key_package)
                if one.leaf is None
                else self._sender.remove(self.epoch, one.leaf)
            )
            sends += self._propose(_Open(proposal, one.user_id, one.leaf, one.key_package))
        return sends

    def _propose(self, one: _Open) -> list[Send]:
        self._open[one.proposal.reference] = one
        return [
            self._tell(user_id, one)
            for user_id, member in self._members.items()
            if user_id != one.user_id and self._can_commit(member)
        ]

    def _forget_told(self, user_id: int) -> None:
        for one in self._open.values():
            one.told.discard(user_id)

    def _can_commit(self, member: _Member) -> bool:
        if self._established:
            return member.leaf is not None
        return member.key_package is not None

    def _tell(self, user_id: int, one: _Open) -> Send:
        one.told.add(user_id)
        return Send(user_id, Op.PROPOSALS, mls.append_body(one.proposal))

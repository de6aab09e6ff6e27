"""A member's side of DAVE, against the gateway's role."""

import pytest

from bot.errors import LoopbackError, MalformedError
from bot.loopback.voice import mls
from bot.loopback.voice.dave import Send
from bot.loopback.voice.membership import DaveySession
from bot.loopback.voice.opcodes import Op
from tests.unit.loopback.voice.dave_call import CHANNEL, DaveCall

ANA, BEN, CLEO = 1001, 1002, 1003


def call_of(*people: int, libdave: frozenset[int] = frozenset()) -> DaveCall:
    call = DaveCall(libdave=libdave)
    for person in people:
        call.join(person)
        call.steps()
    call.check()
    return call


def held_back(call: DaveCall) -> None:
    """Run until the welcome and commits are digested, and let nobody switch yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call.group, "execute", lambda _: [])
        call.steps()


@pytest.mark.parametrize("libdave", [frozenset[int](), frozenset({ANA})])
def test_a_member_keeps_to_the_old_key_until_all_switch(libdave: frozenset[int]) -> None:
    call = call_of(ANA, BEN, libdave=libdave)
    session = call.members[ANA].session
    said = [b"\xfc" + bytes([n]) * 40 for n in range(4)]
    call.upcoming[ANA].extend(said)
    call.join(CLEO)
    held_back(call)
    assert not call.members[ANA].ready
    assert not call.group.must_encrypt(ANA)
    old = [session.encrypt(frame) for frame in said[:2]]
    assert [call.members[BEN].session.decrypt(ANA, frame) for frame in old] == said[:2]
    with pytest.raises(ValueError, match=r"."):
        call.members[CLEO].session.decrypt(ANA, old[1])

    (transition,) = call.group.transitions()
    call._post(call.group.execute(transition))
    call.steps()
    new = session.encrypt(said[2])
    for other in (BEN, CLEO):
        assert call.members[other].session.decrypt(ANA, new) == said[2]
    call.check()


def test_all_switch_only_when_all_are_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    call = call_of(ANA, BEN)
    call.executed.clear()
    call.join(CLEO)
    ready = call.group.ready
    late: list[tuple[int, int]] = []

    def write_down(user_id: int, transition_id: int) -> list[Send]:
        late.append((user_id, transition_id))
        return []

    monkeypatch.setattr(call.group, "ready", write_down)
    call.steps()
    assert {user for user, _ in late} == {ANA, BEN, CLEO}
    for user, transition in late[:-1]:
        assert ready(user, transition) == []
    assert call.executed == []
    call._post(ready(*late[-1]))
    call.steps()
    assert sorted(user for user, _ in call.executed) == [ANA, BEN, CLEO]


def test_a_member_that_can_not_digest_a_commit_is_added_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call = call_of(ANA, BEN, CLEO)
    ben = call.members[BEN].session
    digest = ben.commit

    def refuse_once(message: bytes, upcoming: object) -> None:
        del message, upcoming
        monkeypatch.setattr(ben, "commit", digest)
        raise ValueError

    monkeypatch.setattr(ben, "commit", refuse_once)
    call.join(1004)
    call.steps()
    assert call.members[BEN].recoveries == 1
    call.check()


def test_the_last_one_founds_the_group_anew() -> None:
    call = call_of(ANA, BEN)
    call.leave(BEN)
    call.steps()
    assert call.group.epoch == 0
    assert not call.members[ANA].session.ready
    call.join(CLEO)
    call.steps()
    call.check()


def test_a_key_package_in_another_name_is_refused() -> None:
    call = call_of(ANA)
    other = DaveySession(BEN, CHANNEL).restart()
    with pytest.raises(MalformedError, match="another user"):
        call.group.key_package(ANA, other)


def test_a_member_does_not_let_in_who_is_not_in_the_call() -> None:
    call = call_of(ANA, BEN)
    stranger = DaveySession(CLEO, CHANNEL)
    proposal = call.group._sender.add(call.group.epoch, stranger.restart())
    with pytest.raises(LoopbackError, match="op 27"):
        call.members[ANA].receive(Op.PROPOSALS, mls.append_body(proposal))

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.page import links as module
from bot.page.attempts import MOST, Attempts, client_address
from bot.page.links import LINK_S, SESSION_S, Links

RUN, MEMBER = "1/2/3", 77


def test_a_link_is_exchanged_once_for_what_it_was_made_for() -> None:
    links = Links(b"secret")
    token = links.make(RUN, MEMBER, "es", 100.0)
    cookie = links.exchange(token, 110.0)
    assert cookie is not None
    session = links.session(cookie, 120.0)
    assert session is not None
    assert (session.run, session.member, session.language) == (RUN, MEMBER, "es")
    assert session.since == 110.0
    assert links.exchange(token, 111.0) is None


def test_a_token_has_128_bits_and_is_not_kept() -> None:
    links = Links(b"secret")
    tokens = {links.make(RUN, MEMBER, "es", 0.0) for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {22}  # 128 bits, six in a letter
    assert not any(token.encode() in repr(links._links).encode() for token in tokens)


def test_an_old_link_opens_nothing() -> None:
    links = Links(b"secret")
    token = links.make(RUN, MEMBER, "es", 0.0)
    assert links.exchange(token, LINK_S) is None


def test_a_session_ends_by_itself() -> None:
    links = Links(b"secret")
    cookie = links.exchange(links.make(RUN, MEMBER, "es", 0.0), 0.0) or ""
    assert links.session(cookie, SESSION_S - 1) is not None
    assert links.session(cookie, SESSION_S) is None


def test_a_session_outlives_a_restart_and_no_other_secret_reads_it() -> None:
    cookie = Links(b"secret").exchange("", 0.0)
    assert cookie is None
    links = Links(b"secret")
    cookie = links.exchange(links.make(RUN, MEMBER, "es", 0.0), 0.0) or ""
    assert Links(b"secret").session(cookie, 1.0) is not None
    assert Links(b"another").session(cookie, 1.0) is None


def test_what_is_revoked_opens_nothing_and_what_is_made_later_does() -> None:
    links = Links(b"secret")
    cookie = links.exchange(links.make(RUN, MEMBER, "es", 0.0), 0.0) or ""
    token = links.make(RUN, MEMBER, "es", 1.0)
    others = links.exchange(links.make(RUN, 5, "es", 1.0), 1.0) or ""
    links.revoke(RUN, MEMBER, 2.0)
    assert links.session(cookie, 3.0) is None
    assert links.exchange(token, 3.0) is None
    assert links.session(others, 3.0) is not None
    later = links.exchange(links.make(RUN, MEMBER, "es", 3.0), 3.0) or ""
    assert links.session(later, 4.0) is not None


def test_the_links_of_a_room_end_with_it() -> None:
    links = Links(b"secret")
    token, other = links.make(RUN, MEMBER, "es", 0.0), links.make("4/5/6", MEMBER, "es", 0.0)
    links.forget(RUN)
    assert links.exchange(token, 1.0) is None
    assert links.exchange(other, 1.0) is not None


def test_links_that_nobody_opens_are_forgotten() -> None:
    links = Links(b"secret")
    for n in range(50):
        links.make(RUN, n, "es", 0.0)
    links.make(RUN, MEMBER, "es", LINK_S + 1)
    assert len(links._links) == 1


def test_there_is_a_most_of_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_LINKS", 10)
    links = Links(b"secret")
    tokens = [links.make(RUN, n, "es", 0.0) for n in range(11)]
    assert links.exchange(tokens[0], 1.0) is None
    assert links.exchange(tokens[-1], 1.0) is not None


@given(st.text(max_size=2000), st.integers(0, 400))
def test_no_other_text_is_a_session(noise: str, at: int) -> None:
    links = Links(b"secret")
    assert links.session(noise, 0.0) is None
    cookie = links.exchange(links.make(RUN, MEMBER, "es", 0.0), 0.0) or ""
    at %= len(cookie)
    changed = cookie[:at] + noise[:1] + cookie[at + 1 :]
    # The last letter of base64 may have bits that mean nothing: the seal is compared as text.
    assert changed == cookie or links.session(changed, 0.0) is None


def test_a_session_of_another_version_is_none() -> None:
    links = Links(b"secret")
    body = module._coded(json.dumps({"run": RUN}).encode())
    assert links.session(f"{body}.{links._seal(body)}", 0.0) is None


def test_an_address_is_refused_after_many_tries_and_not_for_ever() -> None:
    attempts = Attempts()
    for _ in range(MOST):
        assert attempts.allowed("192.0.2.1", 0.0)
        attempts.refused("192.0.2.1", 0.0)
    assert not attempts.allowed("192.0.2.1", 1.0)
    assert attempts.allowed("192.0.2.2", 1.0)
    assert attempts.allowed("192.0.2.1", 60.0)


def test_a_network_of_ipv6_counts_as_one_and_memory_is_bounded() -> None:
    attempts = Attempts()
    for n in range(MOST):
        attempts.refused(f"2001:db8::{n:x}", 0.0)
    assert not attempts.allowed("2001:db8::ffff", 0.0)
    assert attempts.allowed("2001:db8:0:1::1", 0.0)
    for n in range(20_000):
        attempts.refused(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 0.0)
    assert len(attempts) <= 4096


@pytest.mark.parametrize(
    ("peer", "forwarded", "whose"),
    [
        ("93.184.216.34", None, "93.184.216.34"),
        ("93.184.216.34", "198.51.100.1", "93.184.216.34"),  # no proxy of ours
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("172.17.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # the last one is the proxy's word
        (None, "198.51.100.1", "unknown"),
    ],
)
def test_whose_request_it_is(peer: str | None, forwarded: str | None, whose: str) -> None:
    assert client_address(peer, forwarded) == whose

"""Who may open the page: links that open once, and the sessions they are exchanged for. Pure.

A link has 128 random bits, of which only the hash is kept. It is exchanged once for a cookie that
says, sealed, who reads which room since when: nothing of a session is kept, so that it outlives a
restart of the bot, and only somebody with the secret can make one.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

LINK_S: Final = 15 * 60.0  # a link opens so long
SESSION_S: Final = 24 * 3600.0
_MOST_LINKS: Final = 10_000
_MOST_REVOKED: Final = 10_000
_LONGEST_COOKIE: Final = 1000
_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Session:
    """What somebody may read.

    Attributes:
        run: The room, as `Audience.run` names it.
        member: Who reads.
        language: That they asked for first.
        since: Seconds since 1970 from which they are there.
        nonce: Tells sessions apart.
    """

    run: str
    member: int
    language: str
    since: float
    nonce: str


@dataclass(frozen=True, slots=True)
class _Link:
    run: str
    member: int
    language: str
    until: float


class Links:
    """Makes links and sessions, and knows which are good.

    Args:
        secret: Seals sessions. The same after a restart, so that they stay.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._links: OrderedDict[bytes, _Link] = OrderedDict()
        self._revoked: OrderedDict[tuple[str, int], float] = OrderedDict()

    def make(self, run: str, member: int, language: str, now: float) -> str:
        """Make a token that opens a room once, for one person.

        Args:
            run: The room.
            member: Who asked.
            language: What they see first.
            now: Seconds since 1970.
        """
        token = base64.urlsafe_b64encode(secrets.token_bytes(_BYTES)).rstrip(b"=").decode()
        self._links[_hash(token)] = _Link(run, member, language, now + LINK_S)
        while self._links and (
            len(self._links) > _MOST_LINKS or next(iter(self._links.values())).until <= now
        ):
            self._links.popitem(last=False)
        return token

    def exchange(self, token: str, now: float) -> str | None:
        """Return the cookie that a token is good for, once; None: it is good for nothing."""
        link = self._links.pop(_hash(token), None)
        if link is None or link.until <= now:
            return None
        session = Session(link.run, link.member, link.language, now, secrets.token_urlsafe(_BYTES))
        body = _coded(json.dumps(asdict(session), separators=(",", ":")).encode())
        return f"{body}.{self._seal(body)}"

    def session(self, cookie: str, now: float) -> Session | None:
        """Return what a cookie stands for; None: nothing, or nothing any longer."""
        body, _, seal = cookie.partition(".")
        if len(cookie) > _LONGEST_COOKIE or not hmac.compare_digest(
            self._seal(body).encode(), seal.encode("utf-8", "replace")
        ):
            return None
        try:
            session = Session(**json.loads(_decoded(body)))
        except (TypeError, ValueError, binascii.Error):
            return None  # of another version of the bot
        if now >= session.since + SESSION_S:
            return None
        if session.since <= self._revoked.get((session.run, session.member), -1.0):
            return None
        return session

    def revoke(self, run: str, member: int, now: float) -> None:
        """Void all that was made for somebody in a room before now."""
        self._revoked.pop((run, member), None)
        self._revoked[run, member] = now
        if len(self._revoked) > _MOST_REVOKED:
            self._revoked.popitem(last=False)
        self._forget(lambda link: (link.run, link.member) == (run, member))

    def forget(self, run: str) -> None:
        """Void the links of a room that has ended."""
        self._forget(lambda link: link.run == run)

    def _forget(self, which: Callable[[_Link], bool]) -> None:
        for key in [key for key, link in self._links.items() if which(link)]:
            del self._links[key]

    def _seal(self, body: str) -> str:
        data = body.encode("utf-8", "replace")
        return _coded(hmac.digest(self._secret, data, hashlib.sha256))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

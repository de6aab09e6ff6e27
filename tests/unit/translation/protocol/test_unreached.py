"""Why no connection was made, as the libraries tell it and as people read it."""

import errno
import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.unreached import of_connect

KEY = ConnectionKey("host", 443, True, True, None, None, None)  # noqa: FBT003 - aiohttp's order
REFUSED = OSError(errno.ECONNREFUSED, "")
GONE = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
UNTRUSTED = ssl.SSLCertVerificationError(1, "self-signed certificate")


def behind(outer: Exception, inner: Exception) -> Exception:
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (GONE, faults.CONNECTION_REFUSED),
        (aiohttp.ClientConnectorError(KEY, GONE), faults.CONNECTION_REFUSED),
        (
            aiohttp.ClientConnectorError(KEY, REFUSED),
            faults.CONNECTION_REFUSED,
        ),
        (UNKNOWN, faults.NO_ADDRESS),
        (aiohttp.ClientConnectorDNSError(KEY, UNKNOWN), faults.NO_ADDRESS),
        (behind(ValueError("no address"), UNKNOWN), faults.NO_ADDRESS),
        (UNTRUSTED, faults.BAD_CERTIFICATE),
        (aiohttp.ClientConnectorCertificateError(KEY, UNTRUSTED), faults.BAD_CERTIFICATE),
        (TimeoutError(), faults.NO_ANSWER),
        (aiohttp.ServerTimeoutError(), faults.NO_ANSWER),
        (ssl.SSLError(1, "wrong version number"), faults.UNREACHABLE),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), faults.UNREACHABLE),
        (aiohttp.ServerDisconnectedError(), faults.UNREACHABLE),
    ],
)
def test_each_way_not_to_connect_has_its_own_sentence(error: Exception, fault: Fault) -> None:
    judged = of_connect(error)
    assert judged == fault
    assert judged.retryable
    assert judged.detail


def test_with_a_proxy_on_the_way_the_proxy_is_named_and_the_log_has_the_rest() -> None:
    judged = of_connect(GONE, "proxy.example")
    assert judged.code == "unreachable"
    assert "proxy.example" in judged.message
    assert judged.detail == (
        "by way of proxy.example: ConnectionRefusedError: [Errno 111] Connection refused"
    )


def test_an_error_that_is_its_own_cause_is_judged_all_the_same() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__context__, other.__context__ = other, one
    assert of_connect(one) == faults.UNREACHABLE

"""Why no connection was made: the address, the certificate, who listens there, the way."""

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace

from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault


def of_connect(error: BaseException, proxy: str | None = None) -> Fault:
    """Return the fault for a connection that was not made.

    Args:
        error: What a library raised; the system's own error is looked for behind it.
        proxy: Host of the proxy that was on the way, which comes first then.
    """
    causes = tuple(_causes(error))
    detail = faults.excerpt(f"{type(causes[-1]).__name__}: {causes[-1]}")
    if proxy is not None:
        return replace(faults.unreachable(proxy), detail=f"by way of {proxy}: {detail}")
    return replace(_judged(causes), detail=detail)


def _judged(causes: tuple[BaseException, ...]) -> Fault:
    for cause in causes:
        match cause:
            case ssl.SSLCertVerificationError():
                return faults.BAD_CERTIFICATE
            case socket.gaierror():
                return faults.NO_ADDRESS
            case OSError(errno=errno.ECONNREFUSED):
                return faults.CONNECTION_REFUSED
            case TimeoutError():
                return faults.NO_ANSWER
            case _:
                pass
    return faults.UNREACHABLE


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what is behind it, outermost first."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        behind = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None)
        if not isinstance(behind, BaseException):
            behind = cause.__cause__ or cause.__context__
        cause = behind

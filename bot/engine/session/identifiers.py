"""Identifiers as the service makes them: a prefix and 21 letters and digits."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """Return an identifier that no other one equals, as "resp_P79OOMs8LnrXVpiIHUCKR"."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(21))

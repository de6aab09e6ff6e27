"""What another user's process may read, also where the tests run as root, who may read all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NOBODY = 65_534


@contextmanager
def as_another_user() -> Iterator[None]:
    """Be nobody in particular; a user who is not root stays who they are."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)

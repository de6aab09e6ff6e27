"""The clinic, for each test its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.doctor.clinic import Clinic
from tests.integration.doctor.clinic import clinic as made


@pytest.fixture
async def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clinic]:
    async with made(tmp_path, monkeypatch) as here:
        yield here

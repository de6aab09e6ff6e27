"""The tests' PostgreSQL gets a user to run as, or its tests are skipped by name."""

import os
import pwd
from pathlib import Path

import pytest

from tests.support import postgres


@pytest.fixture
def root_without_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: str) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", nobody)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


@pytest.mark.usefixtures("root_without_the_user")
def test_what_adds_users_is_found_outside_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    added = tmp_path / "added"
    program = tmp_path / "useradd"
    program.write_text(f'#!/bin/sh\necho "$@" > {added}\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(postgres, "SYSTEM_FOLDERS", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    postgres.ensure_user()
    assert added.read_text(encoding="utf-8").split()[-1] == postgres.USER


@pytest.mark.usefixtures("root_without_the_user")
def test_where_nothing_adds_users_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "SYSTEM_FOLDERS", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(pytest.skip.Exception, match="no useradd to add a user"):
        postgres.ensure_user()

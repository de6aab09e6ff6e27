"""When commands are told to Discord anew."""

import copy
from typing import Any

import pytest

from bot.registration import same

SENT: dict[str, Any] = {
    "name": "settings",
    "type": 1,
    "description": "Server settings",
    "nsfw": False,
    "dm_permission": False,
    "default_member_permissions": 32,
    "contexts": [0],
    "integration_types": None,
    "name_localizations": {"de": "einstellungen"},
    "options": [
        {
            "name": "limits",
            "type": 1,
            "description": "Minutes",
            "options": [
                {
                    "name": "minutes",
                    "type": 4,
                    "description": "0 is none",
                    "required": True,
                    "min_value": 0,
                    "choices": [],
                }
            ],
        }
    ],
}
LISTED: dict[str, Any] = {
    "id": "1",
    "application_id": "2",
    "version": "3",
    "name": "settings",
    "type": 1,
    "description": "Server settings",
    "description_localizations": None,
    "default_member_permissions": "32",
    "contexts": [0],
    "integration_types": [0],
    "name_localizations": {"de": "einstellungen"},
    "options": [
        {
            "name": "limits",
            "type": 1,
            "description": "Minutes",
            "options": [
                {
                    "name": "minutes",
                    "type": 4,
                    "description": "0 is none",
                    "required": True,
                    "min_value": 0,
                }
            ],
        }
    ],
}


def test_what_discord_adds_or_leaves_out_is_no_change() -> None:
    assert same([SENT], [LISTED])


def test_the_order_of_commands_is_no_change_and_their_number_is() -> None:
    other = {**LISTED, "name": "other"}
    assert same([SENT, {**SENT, "name": "other"}], [other, LISTED])
    assert not same([SENT], [LISTED, other])
    assert not same([SENT], [])


@pytest.mark.parametrize(
    "path",
    [
        ("description",),
        ("default_member_permissions",),
        ("contexts",),
        ("name_localizations",),
        ("options", 0, "description"),
        ("options", 0, "options", 0, "required"),
        ("options", 0, "options", 0, "min_value"),
    ],
)
def test_any_part_that_discord_does_not_have_is_a_change(path: tuple[str | int, ...]) -> None:
    listed = copy.deepcopy(LISTED)
    part: Any = listed
    for step in path[:-1]:
        part = part[step]
    del part[path[-1]]
    assert not same([SENT], [listed])


def test_what_discord_has_beyond_ours_is_a_change() -> None:
    assert not same([SENT], [{**LISTED, "nsfw": True}])
    assert not same([SENT], [{**LISTED, "description_localizations": {"de": "Anders"}}])

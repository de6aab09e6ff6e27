"""Payloads that Discord would refuse are refused, with its codes and the place of the fault."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.loopback.rest.command_form import check_commands
from bot.loopback.rest.component_form import check_modal
from bot.loopback.rest.field import Field
from bot.loopback.rest.message_form import check_message, check_username
from bot.loopback.state.entities import MessageFlags
from bot.loopback.state.refusal import Refusal

Check = Callable[[Field], None]


def button(**more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Join", "custom_id": "join"} | more


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def faults(check: Check, payload: Any) -> set[tuple[str, str]]:
    """Path and code of each fault."""
    field = Field(payload)
    try:
        check(field)
        field.refuse_if_wrong()
    except Refusal as refusal:
        if refusal.json_code != 50035:
            raise
        return set(_walk(refusal.errors or {}, ()))
    return set()


def _walk(tree: dict[str, Any], path: tuple[str, ...]) -> list[tuple[str, str]]:
    found = [(".".join(path), entry["code"]) for entry in tree.get("_errors", [])]
    for key, below in tree.items():
        if key != "_errors":
            found += _walk(below, (*path, key))
    return found


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"content": "x" * 2000}, set()),
        ({"content": "x" * 2001}, {("content", "BASE_TYPE_MAX_LENGTH")}),
        ({"content": 5}, {("content", "STRING_TYPE_CONVERT")}),
        ({"embeds": [{"title": "t"}] * 11}, {("embeds", "BASE_TYPE_MAX_LENGTH")}),
        ({"embeds": [{"title": "x" * 257}]}, {("embeds.0.title", "BASE_TYPE_MAX_LENGTH")}),
        ({"embeds": [{}]}, {("embeds.0.description", "BASE_TYPE_REQUIRED")}),
        (
            {"embeds": [{"description": "x" * 3500}] * 2},
            {("embeds", "MAX_EMBED_SIZE_EXCEEDED")},
        ),
        (
            {"embeds": [{"title": "t", "url": "ftp://x"}]},
            {("embeds.0.url", "URL_TYPE_INVALID_SCHEME")},
        ),
        ({"content": "a", "components": [row(button())]}, set()),
        ({"components": [row(*[button(custom_id=str(n)) for n in range(5)])] * 1}, set()),
        (
            {"components": [row(button(), button())]},
            {("components.0.components.1.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED")},
        ),
        (
            {"components": [row(*[button(custom_id=str(n)) for n in range(6)])]},
            {("components.0.components", "BASE_TYPE_BAD_LENGTH")},
        ),
        (
            {"components": [row(button(label="x" * 81))]},
            {("components.0.components.0.label", "BASE_TYPE_MAX_LENGTH")},
        ),
        (
            {"components": [row(button(custom_id="x" * 101))]},
            {("components.0.components.0.custom_id", "BASE_TYPE_BAD_LENGTH")},
        ),
        (
            {"components": [row(button(label=None))]},
            {("components.0.components.0", "BUTTON_COMPONENT_MISSING_LABEL_OR_EMOJI")},
        ),
        (
            {"components": [{"type": 10, "content": "no layout without the flag"}]},
            {("components.0.type", "BASE_TYPE_CHOICES")},
        ),
        (
            {"content": "a", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            {("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE")},
        ),
        (
            {"content": "a", "allowed_mentions": {"parse": ["all"]}},
            {("allowed_mentions.parse.0", "BASE_TYPE_CHOICES")},
        ),
    ],
)
def test_messages(payload: Any, expected: set[tuple[str, str]]) -> None:
    assert faults(check_message, payload) == expected


@pytest.mark.parametrize("payload", [{}, {"content": ""}, {"content": "  \n"}, {"embeds": []}])
def test_a_message_with_nothing_in_it_is_refused(payload: Any) -> None:
    with pytest.raises(Refusal) as refused:
        check_message(Field(payload))
    assert refused.value.json_code == 50006


def test_an_edit_may_leave_everything_out() -> None:
    check_message(Field({}), edit=True)


def test_a_layout_message_can_hold_no_content_beside_it() -> None:
    flags = MessageFlags.COMPONENTS_V2
    text = {"type": 10, "content": "Hello"}
    check_message(Field({"flags": flags, "components": [text]}))
    with pytest.raises(Refusal) as refused:
        check_message(Field({"flags": flags, "components": [text], "content": "more"}))
    assert "content" in (refused.value.errors or {})


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("Ana", True),
        ("x" * 80, True),
        ("x" * 81, False),
        ("", False),
        ("   ", False),
        ("Clyde", False),
        ("my DISCORD name", False),
    ],
)
def test_webhook_names(name: str, *, allowed: bool) -> None:
    found = faults(lambda form: check_username(form["username"], required=True), {"username": name})
    assert (not found) == allowed


def command(**more: Any) -> dict[str, Any]:
    return {"name": "translate", "description": "Translate", "type": 1} | more


def option(**more: Any) -> dict[str, Any]:
    return {"type": 3, "name": "to", "description": "Into"} | more


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ([command(options=[option(autocomplete=True)])], set()),
        ([command(name="übersetze", name_localizations={"hi": "अनुवाद", "th": "แปลภาษา"})], set()),
        ([command(name="Translate")], {("0.name", "APPLICATION_COMMAND_INVALID_NAME")}),
        ([command(name="two words")], {("0.name", "STRING_TYPE_REGEX")}),
        ([command(name="x" * 33)], {("0.name", "BASE_TYPE_BAD_LENGTH")}),
        ([command(description="")], {("0.description", "BASE_TYPE_REQUIRED")}),
        ([command(description="x" * 101)], {("0.description", "BASE_TYPE_BAD_LENGTH")}),
        ([command(), command()], {("1.name", "APPLICATION_COMMANDS_DUPLICATE_NAME")}),
        (
            [command(name_localizations={"english": "translate"})],
            {("0.name_localizations.english", "DICT_TYPE_KEY_INVALID")},
        ),
        (
            [command(options=[option(name=str(n)) for n in range(26)])],
            {("0.options", "BASE_TYPE_MAX_LENGTH")},
        ),
        (
            [command(options=[option(), option(name="x", required=True)])],
            {("0.options.1", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID")},
        ),
        (
            [command(options=[option(), option()])],
            {("0.options.1.name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS")},
        ),
        (
            [command(options=[option(), option(type=1, name="start")])],
            {("0.options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID")},
        ),
        (
            [command(options=[option(autocomplete=True, choices=[{"name": "a", "value": "a"}])])],
            {("0.options.0.choices", "APPLICATION_COMMAND_OPTIONS_CHOICES_WITH_AUTOCOMPLETE")},
        ),
        (
            [command(options=[option(choices=[{"name": "a", "value": 1}])])],
            {("0.options.0.choices.0.value", "STRING_TYPE_CONVERT")},
        ),
        (
            [
                command(
                    options=[
                        option(
                            name=f"o{n}",
                            choices=[{"name": "n" * 100, "value": "v" * 100}] * 20,
                        )
                        for n in range(2)
                    ]
                )
            ],
            {("0", "APPLICATION_COMMAND_TOO_LARGE")},
        ),
    ],
)
def test_commands(payload: Any, expected: set[tuple[str, str]]) -> None:
    assert faults(check_commands, payload) == expected


def menus(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"type": 3, "name": f"Quote {n}"} | more for n in range(count)]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (menus(5, name_localizations={"de": "Das hier zitieren"}), set()),
        ([*menus(5), {"type": 2, "name": "Quote 1"}], set()),
        (menus(6), {("", "BASE_TYPE_MAX_LENGTH")}),
        (menus(1, name="x" * 33), {("0.name", "BASE_TYPE_BAD_LENGTH")}),
        (
            menus(1, name_localizations={"de": "x" * 33}),
            {("0.name_localizations.de", "BASE_TYPE_BAD_LENGTH")},
        ),
        (
            menus(1, description="Quotes it"),
            {("0.description", "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED")},
        ),
        (
            menus(1, options=[{"type": 3, "name": "to", "description": "Where"}]),
            {("0.options", "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED")},
        ),
    ],
)
def test_entries_of_context_menus(
    payload: list[dict[str, Any]], expected: set[tuple[str, str]]
) -> None:
    assert faults(check_commands, payload) == expected


def test_a_form_has_a_title_and_one_to_five_inputs() -> None:
    text = {"type": 4, "custom_id": "term", "style": 1, "label": "Term"}
    assert faults(check_modal, {"title": "T", "custom_id": "c", "components": [row(text)]}) == set()
    assert faults(check_modal, {"title": "x" * 46, "custom_id": "c", "components": []}) == {
        ("title", "BASE_TYPE_BAD_LENGTH"),
        ("components", "BASE_TYPE_REQUIRED"),
    }

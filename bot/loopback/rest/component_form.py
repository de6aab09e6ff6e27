"""What message components and modals may be.

https://discord.com/developers/docs/components/reference
"""

from typing import Final

from bot.loopback.rest.field import Field

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
ENTITY_SELECTS: Final = frozenset({5, 6, 7, 8})
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
LINK, PREMIUM = 5, 6  # button styles

_SELECTS = ENTITY_SELECTS | {STRING_SELECT}
_V2_TOP = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER})
_V2_IN_CONTAINER = _V2_TOP - {CONTAINER}


class _Seen:
    """What must be unique or bounded over a whole message."""

    def __init__(self) -> None:
        self.custom_ids: set[str] = set()
        self.components = 0
        self.text = 0

    def custom_id(self, field: Field) -> None:
        custom_id = field.string(1, 100, required=True)
        if custom_id is None:
            return
        if custom_id in self.custom_ids:
            field.wrong(
                "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        self.custom_ids.add(custom_id)


def check_components(field: Field, *, v2: bool) -> None:
    """Check a message's `components`: up to five rows, or with `v2` up to 40 parts."""
    seen = _Seen()
    for part in field.items(0, 40 if v2 else 5):
        if not part.object():
            continue
        _check_layout(part, _V2_TOP if v2 else frozenset({ROW}), seen)
    if seen.components > 40:
        field.wrong("BASE_TYPE_BAD_LENGTH", "Must be between 0 and 40 in length.")
    if seen.text > 4000:
        field.wrong(
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            "The total displayable text size exceeds 4000",
        )


def check_modal(field: Field) -> None:
    """Check the `data` of a modal: a title, a custom id, one to five inputs."""
    field["title"].string(1, 45, required=True)
    field["custom_id"].string(1, 100, required=True)
    seen = _Seen()
    for part in field["components"].items(1, 5, required=True):
        kind = part["type"].choice((ROW, TEXT, LABEL), required=True)
        if kind == ROW:
            for child in part["components"].items(1, 1, required=True):
                _check_text_input(child, seen, labelled=False)
        elif kind == LABEL:
            part["label"].string(1, 45, required=True)
            part["description"].string(0, 100)
            child = part["component"]
            if child["type"].value == TEXT_INPUT:
                _check_text_input(child, seen, labelled=True)
            elif child["type"].choice(sorted(_SELECTS), required=True) is not None:
                _check_select(child, child["type"].value, seen)
        elif kind == TEXT:
            part["content"].string(1, 4000, required=True)


def _check_layout(part: Field, allowed: frozenset[int], seen: _Seen) -> None:
    seen.components += 1
    kind = part["type"].choice(sorted(allowed), required=True)
    if kind == ROW:
        _check_row(part, seen)
    elif kind == CONTAINER:
        part["accent_color"].integer(0, 0xFFFFFF)
        for child in part["components"].items(1, 39, required=True):
            if child.object():
                _check_layout(child, _V2_IN_CONTAINER, seen)
    elif kind == SECTION:
        for child in part["components"].items(1, 3, required=True):
            _check_layout(child, frozenset({TEXT}), seen)
        accessory = part["accessory"]
        if accessory["type"].choice((BUTTON, THUMBNAIL), required=True) == BUTTON:
            _check_button(accessory, seen)
        seen.components += 1
    elif kind is not None:
        _check_leaf(part, kind, seen)


def _check_leaf(part: Field, kind: int, seen: _Seen) -> None:
    if kind == TEXT:
        content = part["content"].string(1, 4000, required=True)
        seen.text += len(content or "")
    elif kind == GALLERY:
        for item in part["items"].items(1, 10, required=True):
            item["media"]["url"].string(1, 2048, required=True)
    elif kind == FILE:
        part["file"]["url"].string(1, 2048, required=True)
    elif kind == SEPARATOR:
        part["spacing"].choice((1, 2))


def _check_row(row: Field, seen: _Seen) -> None:
    children = list(row["components"].items(1, 5, required=True))
    seen.components += len(children)
    for child in children:
        if not child.object():
            continue
        kind = child["type"].choice((BUTTON, *sorted(_SELECTS)), required=True)
        if kind == BUTTON:
            _check_button(child, seen)
        elif kind is not None:
            if len(children) > 1:
                row["components"].wrong(
                    "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "Component layout exceeds maximum width"
                )
            _check_select(child, kind, seen)


def _check_button(button: Field, seen: _Seen) -> None:
    style = button["style"].integer(1, 6, required=True)
    button["label"].string(0, 80)
    if style == LINK:
        button["url"].url(("http", "https", "discord"))
        if not button["url"].given:
            button["url"].wrong("BASE_TYPE_REQUIRED", "This field is required")
        if button["custom_id"].given:
            button.wrong(
                "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                "A custom id and url cannot both be specified",
            )
    elif style == PREMIUM:
        button["sku_id"].integer(required=True)
        return
    elif style is not None:
        seen.custom_id(button["custom_id"])
        if button["url"].given:
            button.wrong(
                "BUTTON_COMPONENT_INVALID_URL", "A url can only be specified for link buttons"
            )
    if not button["label"].value_or_none() and not button["emoji"].given:
        button.wrong("BUTTON_COMPONENT_MISSING_LABEL_OR_EMOJI", "A label or emoji is required")


def _check_select(select: Field, kind: int, seen: _Seen) -> None:
    seen.custom_id(select["custom_id"])
    select["placeholder"].string(0, 150)
    low = select["min_values"].integer(0, 25)
    high = select["max_values"].integer(1, 25)
    if low is not None and high is not None and low > high:
        select["min_values"].wrong("BASE_TYPE_MAX", "min_values may not exceed max_values")
    if kind != STRING_SELECT:
        return
    values: set[str] = set()
    options = list(select["options"].items(1, 25, required=True))
    for option in options:
        option["label"].string(1, 100, required=True)
        option["description"].string(0, 100)
        value = option["value"].string(1, 100, required=True)
        if value is not None and value in values:
            option["value"].wrong(
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        values.add(value or "")
    if high is not None and options and high > len(options):
        select["max_values"].wrong("BASE_TYPE_MAX", "max_values exceeds the number of options")


def _check_text_input(field: Field, seen: _Seen, *, labelled: bool) -> None:
    field["type"].choice((TEXT_INPUT,), required=True)
    seen.custom_id(field["custom_id"])
    field["style"].choice((1, 2), required=True)
    if not labelled:
        field["label"].string(1, 45, required=True)
    field["min_length"].integer(0, 4000)
    field["max_length"].integer(1, 4000)
    field["placeholder"].string(0, 100)
    field["value"].string(0, 4000)

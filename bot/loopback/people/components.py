"""Finding what can be pressed or chosen in a message, as a person finds it by what is written."""

from collections.abc import Iterator, Mapping, Sequence

from bot.errors import LoopbackError
from bot.loopback.state.entities import Json, Message

BUTTON = 2
SELECTS = frozenset({3, 5, 6, 7, 8})
TEXT_INPUT = 4
_INPUTS = SELECTS | {TEXT_INPUT}


def walk(components: Sequence[Json]) -> Iterator[Json]:
    """Yield all components, outer ones first."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if component.get(key):
                yield from walk([component[key]])


def find_button(message: Message, wanted: str) -> Json:
    """Return the button with this label, emoji or custom id, that can be pressed.

    Raises:
        LoopbackError: There is none, it is disabled, or it is a link.
    """
    for component in walk(message.components):
        if component["type"] != BUTTON:
            continue
        emoji = (component.get("emoji") or {}).get("name")
        if wanted not in (component.get("label"), component.get("custom_id"), emoji):
            continue
        if component.get("disabled"):
            raise LoopbackError(f"The button {wanted!r} is disabled.")
        if "custom_id" not in component:
            raise LoopbackError(f"The button {wanted!r} is a link.")
        return component
    raise LoopbackError(f"The message has no button {wanted!r}.")


def find_select(message: Message, custom_id: str, values: Sequence[str]) -> Json:
    """Return the menu with this custom id, in which these values can be chosen.

    Raises:
        LoopbackError: There is none, it is disabled, or it does not offer that.
    """
    for component in walk(message.components):
        if component["type"] not in SELECTS or component.get("custom_id") != custom_id:
            continue
        if component.get("disabled"):
            raise LoopbackError(f"The menu {custom_id!r} is disabled.")
        low, high = component.get("min_values", 1), component.get("max_values", 1)
        if not low <= len(values) <= high:
            raise LoopbackError(f"The menu {custom_id!r} takes {low} to {high} values.")
        offered = {option["value"] for option in component.get("options") or []}
        if component["type"] == 3 and not offered.issuperset(values):
            raise LoopbackError(f"The menu {custom_id!r} does not offer all of {list(values)}.")
        return component
    raise LoopbackError(f"The message has no menu {custom_id!r}.")


def fill_modal(modal: Json, values: Mapping[str, str | Sequence[str]]) -> list[Json]:
    """Return a modal's components as they are submitted.

    Raises:
        LoopbackError: An input is missing, unknown, or takes no such value.
    """
    inputs = {c["custom_id"] for c in walk(modal["components"]) if c["type"] in _INPUTS}
    if unknown := set(values) - inputs:
        raise LoopbackError(f"The form has no input {sorted(unknown)}.")

    def filled(component: Json) -> Json:
        done: Json = {
            key: component[key] for key in ("type", "id", "custom_id") if key in component
        }
        given = values.get(component.get("custom_id", ""))
        if component["type"] == TEXT_INPUT:
            done["value"] = _typed(component, given)
        elif component["type"] in SELECTS:
            done["values"] = _chosen(component, given)
        if "components" in component:
            done["components"] = [filled(child) for child in component["components"]]
        if "component" in component:
            done["component"] = filled(component["component"])
        return done

    return [filled(component) for component in modal["components"]]


def _typed(component: Json, given: str | Sequence[str] | None) -> str:
    text = component.get("value") or "" if given is None else given
    required = component.get("required", True)
    low = component.get("min_length") or int(required)
    fits = isinstance(text, str) and low <= len(text) <= component.get("max_length", 4000)
    if not isinstance(text, str) or ((text or required) and not fits):
        raise LoopbackError(f"The input {component['custom_id']!r} has a wrong length.")
    return text


def _chosen(component: Json, given: str | Sequence[str] | None) -> list[str]:
    options = component.get("options") or []
    chosen = [option["value"] for option in options if option.get("default")]
    if given is not None:
        chosen = [given] if isinstance(given, str) else list(given)
    required = component.get("required", True)
    low, high = component.get("min_values", 1), component.get("max_values", 1)
    if (chosen or required) and not low <= len(chosen) <= high:
        raise LoopbackError(f"The menu {component['custom_id']!r} takes {low} to {high} values.")
    if component["type"] == 3 and not {o["value"] for o in options}.issuperset(chosen):
        raise LoopbackError(f"The menu {component['custom_id']!r} does not offer all of {chosen}.")
    return chosen

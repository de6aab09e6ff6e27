"""Answers to interactions: the callback, and the messages that hang on the interaction's token."""

from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.command_form import OptionType, check_choice
from bot.loopback.rest.component_form import check_modal
from bot.loopback.rest.field import Field
from bot.loopback.rest.message_form import SETTABLE_FLAGS, check_message
from bot.loopback.rest.table import Table
from bot.loopback.state.entities import Json, Message
from bot.loopback.state.interactions import CallbackType, Interaction, InteractionType
from bot.loopback.state.payloads import message_json

table = Table()

_MESSAGES = frozenset({CallbackType.MESSAGE, CallbackType.DEFERRED_MESSAGE})
_UPDATES = frozenset({CallbackType.DEFERRED_UPDATE, CallbackType.UPDATE})

# The answers that each kind of interaction takes.
_ALLOWED = {
    InteractionType.COMMAND: _MESSAGES | {CallbackType.MODAL},
    InteractionType.COMPONENT: _MESSAGES | _UPDATES | {CallbackType.MODAL},
    InteractionType.AUTOCOMPLETE: frozenset({CallbackType.AUTOCOMPLETE}),
    InteractionType.MODAL: _MESSAGES | _UPDATES,
}


@table.route("POST", "/interactions/{interaction_id}/{token}/callback", public=True, counted=False)
def answer_interaction(call: RestCall) -> Reply:
    """Acknowledge an interaction and carry out the answer."""
    interactions = call.backend.interactions
    interaction = interactions.to_answer(call.id("interaction_id"), call.params["token"])
    form = call.form
    allowed = _ALLOWED[interaction.kind]
    kind = form["type"].choice(sorted(allowed), required=True)
    data = form["data"]
    if kind in (CallbackType.MESSAGE, CallbackType.UPDATE):
        flags = 0
        if kind == CallbackType.UPDATE and interaction.source is not None:
            flags = interaction.source.flags
        form.refuse_if_wrong()
        inner = Field(data.value if data.given else {}, data.path)
        edit = kind == CallbackType.UPDATE
        check_message(inner, files=len(call.uploads), edit=edit, flags=flags)
    elif kind == CallbackType.AUTOCOMPLETE:
        for choice in data["choices"].items(0, 25, required=True):
            check_choice(choice, OptionType(interaction.focused_type or OptionType.STRING))
    elif kind == CallbackType.MODAL:
        check_modal(data)
    form.refuse_if_wrong()
    answer = dict(data.value) if data.given else {}
    if "flags" in answer:
        answer["flags"] = int(answer["flags"] or 0) & SETTABLE_FLAGS
    callback = CallbackType(form["type"].value)
    interactions.answer(interaction, callback, answer, call.uploads)
    if call.flag("with_response"):
        return _resource(interaction, callback)
    return None


def _resource(interaction: Interaction, callback: CallbackType) -> Json:
    message = interaction.original
    told: Json = {"id": str(interaction.id), "type": int(interaction.kind)}
    resource: Json = {"type": int(callback)}
    if message is not None:
        told |= {
            "response_message_id": str(message.id),
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral,
        }
        if callback is not CallbackType.DEFERRED_UPDATE:
            resource["message"] = message_json(message, interaction.bot.id)
    return {"interaction": told, "resource": resource}


# The routes below /webhooks/{application}/{token} are shared with webhooks, and call these.


def _interaction(call: RestCall) -> Interaction:
    return call.backend.interactions.by_token(call.id("webhook_id"), call.params["token"])


def is_interaction(call: RestCall) -> bool:
    """Return whether the path's webhook is an application: then its token is an interaction's."""
    return call.id("webhook_id") in call.world.bots


def follow_up(call: RestCall) -> Reply:
    """Post another message of an interaction."""
    interaction = _interaction(call)
    check_message(call.form, files=len(call.uploads))
    data = dict(call.json)
    data["flags"] = int(data.get("flags") or 0) & SETTABLE_FLAGS
    message = call.backend.interactions.follow_up(interaction, data, call.uploads)
    return message_json(message, interaction.bot.id)


def get_message(call: RestCall) -> Reply:
    """Return one of an interaction's messages."""
    interaction = _interaction(call)
    message = call.backend.interactions.message(interaction, call.params["message_id"])
    return message_json(message, interaction.bot.id)


def edit_message(call: RestCall) -> Reply:
    """Change one of an interaction's messages."""
    interaction = _interaction(call)
    message: Message = call.backend.interactions.message(interaction, call.params["message_id"])
    check_message(call.form, files=len(call.uploads), edit=True, flags=message.flags)
    call.backend.interactions.change(interaction, message, call.json, call.uploads)
    return message_json(message, interaction.bot.id)


def delete_message(call: RestCall) -> Reply:
    """Take one of an interaction's messages away."""
    interaction = _interaction(call)
    message = call.backend.interactions.message(interaction, call.params["message_id"])
    call.backend.interactions.delete(interaction, message)
    return None

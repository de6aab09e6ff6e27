"""What a message may say, and how a webhook may call itself.

https://discord.com/developers/docs/resources/message
"""

import re

from bot.loopback.rest.component_form import check_components
from bot.loopback.rest.field import Field
from bot.loopback.state.entities import MessageFlags
from bot.loopback.state.refusal import Refusal

CONTENT_LIMIT = 2000
EMBED_TOTAL = 6000
FILES_LIMIT = 10

# What the sender of a message may set; the rest of the bits is Discord's own.
SETTABLE_FLAGS = (
    MessageFlags.SUPPRESS_EMBEDS
    | MessageFlags.SUPPRESS_NOTIFICATIONS
    | MessageFlags.COMPONENTS_V2
    | MessageFlags.EPHEMERAL
)

_RESERVED = re.compile("clyde|discord", re.IGNORECASE)


def check_message(form: Field, *, files: int = 0, edit: bool = False, flags: int = 0) -> None:
    """Refuse what Discord would refuse of a new message, or of an edit of one.

    Args:
        form: The payload.
        files: How many files came with it.
        edit: Absent parts stay as they are, so nothing is missed.
        flags: Flags the message already has, for an edit.

    Raises:
        Refusal: 50035 for fields, 50006 for a message with nothing in it.
    """
    flags |= form["flags"].integer(0, (1 << 31) - 1) or 0
    v2 = bool(flags & MessageFlags.COMPONENTS_V2)
    form["content"].string(0, CONTENT_LIMIT)
    form["tts"].boolean()
    form["nonce"].string(0, 25)
    _check_embeds(form["embeds"])
    check_components(form["components"], v2=v2)
    check_allowed_mentions(form["allowed_mentions"])
    _check_attachments(form["attachments"], files)
    reference = form["message_reference"]
    if reference.given and reference.object():
        reference["message_id"].integer(0, required=True)
        reference["fail_if_not_exists"].boolean()
    if v2:
        for name in ("content", "embeds", "poll", "sticker_ids"):
            if form[name].given and form[name].value not in ("", []):
                form[name].wrong(
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )
    form.refuse_if_wrong()
    if not edit and not files:
        speaks = ("content", "embeds", "components", "sticker_ids", "poll")
        text = form["content"].value if form["content"].given else ""
        if not text.strip() and not any(form[n].given and form[n].value for n in speaks[1:]):
            raise Refusal(400, 50006, "Cannot send an empty message")


def check_username(field: Field, *, required: bool = False) -> None:
    """Check a webhook's name: 1 to 80 characters, without "clyde" or "discord"."""
    name = field.string(1, 80, required=required)
    if name is None:
        return
    if not name.strip():
        field.wrong("BASE_TYPE_REQUIRED", "This field is required")
    if found := _RESERVED.search(name):
        field.wrong(
            "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{found.group().lower()}"'
        )


def check_allowed_mentions(field: Field) -> None:
    """Check who may be pinged; a list of users and the word "users" exclude each other."""
    if not field.given or not field.object():
        return
    parse = [entry.choice(("roles", "users", "everyone")) for entry in field["parse"].items(0, 3)]
    for kind in ("users", "roles"):
        ids = [entry.integer(0) for entry in field[kind].items(0, 100)]
        if ids and kind in parse:
            field.wrong(
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )
    field["replied_user"].boolean()


def _check_embeds(field: Field) -> None:
    total = 0
    for embed in field.items(0, 10):
        if not embed.object():
            continue
        texts = [
            embed["title"].string(0, 256),
            embed["description"].string(0, 4096),
            embed["footer"]["text"].string(1, 2048),
            embed["author"]["name"].string(1, 256),
        ]
        for entry in embed["fields"].items(0, 25):
            texts.append(entry["name"].string(1, 256, required=True))
            texts.append(entry["value"].string(1, 1024, required=True))
            entry["inline"].boolean()
        embed["color"].integer(0, 0xFFFFFF)
        embed["url"].url()
        for part in ("image", "thumbnail"):
            embed[part]["url"].url(("http", "https", "attachment"))
        embed["author"]["icon_url"].url(("http", "https", "attachment"))
        embed["footer"]["icon_url"].url(("http", "https", "attachment"))
        total += sum(len(text) for text in texts if text)
        shown = ("title", "description", "footer", "author", "fields", "image", "thumbnail")
        if not any(embed[part].value_or_none() for part in shown):
            embed["description"].wrong("BASE_TYPE_REQUIRED", "This field is required")
    if total > EMBED_TOTAL:
        field.wrong("MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_TOTAL}")


def _check_attachments(field: Field, files: int) -> None:
    for attachment in field.items(0, FILES_LIMIT):
        attachment["id"].integer(0, required=True)
        attachment["description"].string(0, 1024)
    if files > FILES_LIMIT:
        field.wrong("BASE_TYPE_MAX_LENGTH", f"Must be {FILES_LIMIT} or fewer in length.")

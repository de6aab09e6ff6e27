"""Whatever is sent to whatever route: an answer or a refusal, never a fault of the server."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.loopback.state.permissions import Permissions
from bot.loopback.state.refusal import Refusal
from tests.unit.loopback.rest_bench import TABLE, Bench

KEYS = sorted(
    [
        "content",
        "embeds",
        "components",
        "flags",
        "name",
        "description",
        "type",
        "options",
        "choices",
        "value",
        "avatar",
        "username",
        "avatar_url",
        "allowed_mentions",
        "attachments",
        "id",
        "parse",
        "users",
        "title",
        "fields",
        "style",
        "label",
        "custom_id",
        "data",
        "status",
        "archived",
        "channel_id",
        "suppress",
        "mute",
        "nick",
        "messages",
        "message_reference",
        "message_id",
        "permission_overwrites",
        "allow",
        "deny",
        "auto_archive_duration",
        "name_localizations",
        "default_member_permissions",
        "contexts",
        "tts",
        "nonce",
        "topic",
        "url",
        "emoji",
        "min_values",
        "max_values",
    ]
)

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)
bodies = st.dictionaries(st.sampled_from(KEYS), values, max_size=8) | values
queries = st.dictionaries(
    st.sampled_from(["limit", "before", "after", "around", "wait", "thread_id", "with_response"]),
    st.text(alphabet="019-x", max_size=21),
    max_size=3,
)


def filled(bench: Bench, path: str, wild: str) -> str:
    """A route's path with things that exist, or with something wild."""
    message = bench.posted()
    webhook = bench.backend.chat.new_webhook(bench.text, bench.bot, "Captions", None)
    known = {
        "channel_id": bench.text.id,
        "guild_id": bench.guild.id,
        "application_id": bench.bot.id,
        "message_id": message["id"],
        "user_id": bench.ana.id,
        "target_id": bench.ana.id,
        "webhook_id": webhook.id,
        "token": webhook.token,
        "command_id": 1,
        "interaction_id": 1,
        "emoji": "👍",
    }
    return path.format_map(known if not wild else dict.fromkeys(known, wild))


@settings(max_examples=300, deadline=None)
@given(
    route=st.sampled_from([r for r in TABLE.routes if r.method != "GET"]),
    body=bodies,
    query=queries,
    wild=st.sampled_from(["", "", "", "1", "x", "9" * 40, "@me", "@original"]),
)
def test_no_request_breaks_the_server(
    route: Any, body: Any, query: dict[str, str], wild: str
) -> None:
    bench = Bench(Permissions.everything())
    path = filled(bench, route.path, wild)
    try:
        answer = bench.ask(route.method, path, body, **query)
    except Refusal as refusal:
        json.dumps(refusal.body())
        return
    json.dumps(answer)

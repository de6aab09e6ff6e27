"""Which of the channel's messages the demo takes for captions."""

import pytest

from bot.demo.timeline import Timeline
from bot.loopback import MessagePosted
from tests.unit.loopback.rest_bench import Bench


@pytest.mark.parametrize(
    ("content", "flags", "caption"),
    [
        ("**Ana** Hello.", 4, True),
        ("`EN` **Ana** Hello.", 4, True),
        ("-# **Ana** es \u00b7 Hola.", 4, True),
        ("\\*\\*Ana\\*\\* is heard.", 4, False),
        ("**Parley** interprets here.", 0, False),
    ],
)
def test_a_message_of_the_bots_own_is_a_caption_when_it_names_who_speaks(
    content: str, flags: int, *, caption: bool
) -> None:
    bench = Bench()
    timeline = Timeline(bench.text.id, lambda: 0.0, lambda _at, _line: None)
    form = {"content": content}
    message = bench.backend.chat.compose(bench.text, bench.bot.user, form, flags=flags)
    timeline.observe(MessagePosted(0.0, message))
    assert [shown.caption for shown in timeline.shown.values()] == [caption]

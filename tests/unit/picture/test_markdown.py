"""The picture's page reads the bot's Markdown as Discord does."""

import pytest

from tests.picture.markdown import Reader

READER = Reader({1: "#captions", 2: "@Ana"}, lambda style: f"now ({style})")


def piece(kind: str, words: str) -> str:
    return f'<span class="{kind}">{words}</span>'


@pytest.mark.parametrize(
    ("written", "kind", "read"),
    [
        ("### Over <#1>", "heading", f"Over {piece('mention', '#captions')}"),
        ("-# es \u00b7 Hola", "small", "es \u00b7 Hola"),
        ("- <@2>: heard", "bullet", f"{piece('mention', '@Ana')}: heard"),
        ("> said", "quote", "said"),
        ("**Ana:** 5 \\* 3 < 20", "line", "<strong>Ana:</strong> 5 * 3 &lt; 20"),
        ("`EN` yes", "line", "<code>EN</code> yes"),
        ("`**no**`", "line", "<code>**no**</code>"),
        ("_so_ and *so*, not a_b_c", "line", "<em>so</em> and <em>so</em>, not a_b_c"),
        ("</translate start:7>", "line", piece("mention", "/translate start")),
        ("**try </help:7>**", "line", f"<strong>try {piece('mention', '/help')}</strong>"),
        ("<t:170:R>", "line", piece("moment", "now (R)")),
        ("[here](<https://a.test/b>)", "line", piece("link", "here")),
    ],
)
def test_a_line(written: str, kind: str, read: str) -> None:
    assert READER.html(written) == f'<div class="{kind}">{read}</div>'


def test_lines_stand_below_each_other_with_the_empty_ones_between() -> None:
    assert READER.html("one\n\ntwo").splitlines() == [
        '<div class="line">one</div>',
        '<div class="line"><br></div>',
        '<div class="line">two</div>',
    ]


def test_a_mention_of_somebody_unknown_is_no_picture() -> None:
    with pytest.raises(KeyError):
        READER.html("<@3>")

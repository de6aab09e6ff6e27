"""What people read is made by `t`, with literals; nothing goes out as bare English."""

import ast
import re

import pytest

from tests.words.commands import paths
from tests.words.sentences import ROOT, files, of_source, sentences

# Of what is called with a text for people, and with which keywords.
SENDING = {"answer", "send", "send_message", "edit_original_response", "edit_message", "say"}
SENDING |= {"noticed", "lost", "give_up", "defer"}
SHOWN = {"content", "label", "placeholder", "title"}
RAISED = {"UsageError", "LanguageError", "ConversationError", "VoiceLinkError", "ChatError"}
RAISED |= {
    "RoomError",
    "RoomBusyError",
    "NoRoomError",
    "AllowanceError",
    "NotServedError",
    "GlossaryFullError",
}
RAISED |= {"Fault", "Failed", "Notice"}
FOR_THE_HOST = ("bot/settings.py", "bot/cli.py", "bot/logs.py", "bot/hosting/guilds.py")


def is_bare(node: ast.expr) -> bool:
    """Whether it is English that nobody translates; words in code marks and mentions are not."""
    if isinstance(node, ast.JoinedStr):
        return any(is_bare(part) for part in node.values if isinstance(part, ast.Constant))
    if isinstance(node, ast.BinOp):
        return is_bare(node.left) or is_bare(node.right)
    if isinstance(node, ast.IfExp):
        return is_bare(node.body) or is_bare(node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.search(r"[A-Za-z]{2}", node.value) is not None
    return False


def bare(source: str) -> list[int]:
    """Lines of a module where bare English goes out."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            texts = [word.value for word in node.keywords if word.arg in SHOWN]
        elif isinstance(node, ast.Call):
            texts = [word.value for word in node.keywords if word.arg in SHOWN]
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in SENDING:
                texts += node.args
            elif name in RAISED:
                # The first word of some is a code.
                texts += [a for a in node.args if not _is_code(a)]
        else:
            continue
        found += [text.lineno for text in texts if is_bare(text)]
    return found


def _is_code(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        node = node.values[0]
    return isinstance(node, ast.Constant) and re.fullmatch(r"[a-z_]+", str(node.value)) is not None


@pytest.mark.parametrize(
    "source",
    [
        "answer(i, 'Done.')",
        "await i.response.send_message(f'{n} lines')",
        "board.say('On' if on else variable)",
        "Button(label='Stop')",
        "class Form(Modal, title='Terms'): pass",
        "raise UsageError('No.')",
        "Fault('code', 'It broke.')",
    ],
)
def test_bare_english_is_found(source: str) -> None:
    assert bare(source)


@pytest.mark.parametrize(
    "source",
    ["answer(i, t('Done.'))", "send(text)", "say(f'{a} {b}')", "Fault('code', t('It broke.'))"],
)
def test_sentences_and_values_may_go_out(source: str) -> None:
    assert not bare(source)


def test_no_bare_english_is_sent_or_raised() -> None:
    found = []
    for path in files():
        where = path.relative_to(ROOT).as_posix()
        if where not in FOR_THE_HOST:
            found += [f"{where}:{line}" for line in bare(path.read_text(encoding="utf-8"))]
    assert found == []


def test_every_sentence_is_a_literal() -> None:
    assert sentences()
    with pytest.raises(ValueError, match=r"x\.py:1: a sentence must be a literal"):
        of_source("t(f'{a} b')", "x.py")


def test_every_command_that_a_sentence_mentions_exists() -> None:
    known, mentioned = paths(), set()
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_mention = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "command"
            if is_mention and isinstance(node, ast.Call) and len(node.args) == 1:
                assert isinstance(node.args[0], ast.Constant), path
                mentioned.add(str(node.args[0].value))
    assert mentioned
    assert mentioned <= known


def test_no_sentence_spells_a_command_out() -> None:
    spelled = [s.message for s in sentences() if re.search(r"(^|\s)/[a-z]", s.message)]
    assert spelled == []

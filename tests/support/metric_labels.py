"""Every label of the metrics, and every value that each may have."""

import ast
from pathlib import Path
from typing import Final

from bot import __version__, logs
from bot.chat.http.requests import ROUTES
from bot.domain.events import ConversationState
from bot.domain.meters import UNEXPECTED
from bot.errors import ParleyError
from bot.voice.watch.health import REASONS
from bot.web.metrics import FATES, OTHER, REPAIRS

_BOT: Final = Path(__file__).parents[2] / "bot"


def codes() -> set[str]:
    """Codes of errors, and of the faults that the code names."""
    kinds = [ParleyError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    named = {
        node.args[0].value
        for path in _BOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in {"Fault", "Failed"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
    return {kind.code for kind in kinds} | named | {OTHER, UNEXPECTED}


def known() -> dict[str, set[str]]:
    """Values by label; "le" of histograms left out."""
    return {
        "version": {__version__},
        "part": {"gateway", "database", "rooms"},
        "state": {state.value for state in ConversationState},
        "fate": {*FATES},
        "repair": {*REPAIRS},
        "reason": {*REASONS},
        "queue": {"captions", "texts", "connects", "transcript_lines", "usage_rows", "speech"},
        "route": {*ROUTES},
        "model": {"speech", "text"},
        "kind": {"read", "written", "spoken"},
        "level": {*logs.LEVELS},
        "code": codes(),
    }

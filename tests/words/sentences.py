"""The sentences in the code: every `t("...")` and `tn("...", "...")`, found in its syntax."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_READ_BY_PEOPLE = ("bot/loopback", "bot/engine", "bot/demo")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message as the code has it."""

    message: str
    plural: str | None
    where: str


def files(root: Path = ROOT) -> Iterator[Path]:
    """The modules whose words people read."""
    for folder in ("bot", "cogs"):
        for path in sorted((root / folder).rglob("*.py")):
            if not path.relative_to(root).as_posix().startswith(_NOT_READ_BY_PEOPLE):
                yield path


def sentences(root: Path = ROOT) -> list[Sentence]:
    """Every sentence.

    Raises:
        ValueError: `t` or `tn` is called with something else than literals; says where.
    """
    found = []
    for path in files(root):
        shown = path.relative_to(root).as_posix()
        found += of_source(path.read_text(encoding="utf-8"), shown)
    return found


def of_source(source: str, where: str) -> list[Sentence]:
    """The sentences of one module.

    Args:
        source: Its text.
        where: Its name, for errors.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (wanted := _literals_of(node.func)):
            place = f"{where}:{node.lineno}"
            texts = [_literal(argument, place) for argument in node.args[:wanted]]
            if len(texts) < wanted:
                raise ValueError(f"{place}: too few arguments")
            found.append(Sentence(texts[0], texts[1] if wanted == 2 else None, place))
    return found


def _literals_of(function: ast.expr) -> int:
    return {"t": 1, "tn": 2}.get(function.id, 0) if isinstance(function, ast.Name) else 0


def _literal(argument: ast.expr, place: str) -> str:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    raise ValueError(f"{place}: a sentence must be a literal")

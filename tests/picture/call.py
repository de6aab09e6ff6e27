"""The call in the picture: the real bot on the loopback Discord; only what is said is a script."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.engine.config import EngineConfig
from bot.engine.scripted import ScriptedLine, ScriptedTranslator, scripted, tone
from bot.engine.server import EngineServer
from bot.loopback import Message
from bot.tasks import TaskOwner
from tests.picture.scene import Member, Scene, scene
from tests.support.call import Place, ask, bot_at, enter, notice_of, place


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the script.

    Attributes:
        seconds: How long it is being said; four words a second are recognised.
        texts: By language, the one that it is spoken in first.
    """

    name: str
    pitch: int
    seconds: float
    texts: Mapping[str, str]


TARGETS = ("en", "ja")
SCRIPT = (
    Said(
        "Lucía",
        400,
        2.5,
        {
            "es": "Buenas tardes a todos. ¿Empezamos con el presupuesto?",
            "en": "Good afternoon, everyone. Shall we begin with the budget?",
            "ja": "皆さん、こんにちは。予算から始めましょうか？",  # noqa: RUF001 - its own marks
        },
    ),
    Said(
        "Camille",
        800,
        2.5,
        {
            "fr": "Oui, le loyer augmente dès janvier.",
            "en": "Yes, the rent goes up from January.",
            "ja": "はい、家賃が1月から上がります。",
        },
    ),
    Said(
        "Kenji",
        1200,
        2.5,
        {
            "ja": "一月までに新しい場所を探しましょう。",
            "en": "Let's look for a new place by January.",
        },
    ),
    Said(
        "Jonas",
        1700,
        18.0,
        {
            "de": "Ich habe schon zwei angesehen, eine davon gleich beim Bahnhof, die andere etwas "
            "weiter draußen, dafür mit",
            "en": "I have already looked at two, one of them right by the station, the other a "
            "little further out, but with",
            "ja": "もう2か所見てきました。1つは駅のすぐそば、もう1つは少し郊外ですが、",
        },
    ),
)
SILENT = "Ben"  # did not join in


async def played() -> Scene:
    """The channel of the call while its last sentence is being said."""
    async with (
        EngineServer(EngineConfig(), made_of=scripted(_lines(), _translator())) as engine,
        place() as where,
    ):
        with tempfile.TemporaryDirectory(prefix="parley-") as folder:
            async with bot_at(where, Path(folder), engine.url):
                return await _played(where)


async def _played(where: Place) -> Scene:
    people = {name: where.guild.add_person(name) for name in (*_NAMES, SILENT)}
    for person in people.values():
        await enter(person, where)
    starter, *others = people.values()
    await ask(starter, where, "translate start", to=", ".join(TARGETS))
    for person in others:
        if person.name != SILENT:
            await person.press(await notice_of(where), "Join in")
    *whole, last = SCRIPT
    for count, said in enumerate(whole, 1):
        await people[said.name].speak(tone(said.pitch, said.seconds))
        await where.until(partial(_are_whole, where, count), 20, f"the words of {said.name}")
    tasks = TaskOwner("picture")
    try:
        tasks.start(people[last.name].speak(tone(last.pitch, last.seconds)), "speak")
        await where.until(partial(_goes_on, where, last), 20, "half a sentence")
        return scene(
            where.captions,
            where.lounge,
            [
                *(Member(name, speaking=name == last.name) for name in people),
                Member(where.account.name, bot=True),
            ],
            {person.id: person.name for person in people.values()}
            | {where.account.id: where.account.name},
        )
    finally:
        await tasks.close()


def _standing(where: Place) -> list[Message]:
    return [m for m in where.captions.messages if not m.deleted and m.private_to is None]


def _are_whole(where: Place, count: int) -> bool:
    contents = [said.message.content.replace("\\", "") for said in where.said()]
    return len(contents) == count and all(
        "…" not in content and all(text in content for text in said.texts.values())
        for content, said in zip(contents, SCRIPT, strict=False)
    )


def _goes_on(where: Place, said: Said) -> bool:
    *_, last = where.said()
    panel = next(m for m in _standing(where) if "parley:panel:stop" in str(m.components))
    shown = (f"- {said.name}: speaking, translated into English, Japanese", "Last heard just now.")
    texts = [said.texts[target] for target in TARGETS]
    return all(words in panel.content for words in shown) and all(
        f"{text} …" in last.message.content for text in texts
    )


_NAMES = tuple(dict.fromkeys(said.name for said in SCRIPT))


def _lines() -> Sequence[ScriptedLine]:
    return [
        ScriptedLine(said.pitch, text, language, said.texts.get("en"))
        for said in SCRIPT
        for language, text in [next(iter(said.texts.items()))]
    ]


def _translator() -> ScriptedTranslator:
    """Knows each sentence, and however much of it was said so far."""
    known: dict[tuple[str, str, str], str] = {}
    for said in SCRIPT:
        (source, text), *others = said.texts.items()
        words = text.split()
        for count in range(1, len(words) + 1):
            for target, translation in others:
                end = len(translation) * count // len(words)
                known[" ".join(words[:count]), source, target] = translation[:end]
    return ScriptedTranslator(known)

"""/glossary as people type it, on a whole bot without a room."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot import settings
from bot.app import App, running
from bot.errors import LoopbackError, SettingsError
from bot.loopback import Person, ReceivedAnswer
from tests.support.call import Place, ask, bot_at, place

NOWHERE = "ws://127.0.0.1:9/api-ws/v1/realtime"  # nothing is translated here


@dataclass
class Scene:
    where: Place
    app: App
    host: Person
    ana: Person

    async def ask(self, name: str, who: Person | None = None, **options: object) -> ReceivedAnswer:
        given = {key: value for key, value in options.items() if value is not None}
        person = self.host if who is None else who
        return await ask(person, self.where, f"glossary {name}", **given)

    async def take(
        self, content: bytes, name: str = "words.csv", **options: object
    ) -> ReceivedAnswer:
        upload = self.host.upload(name, content, self.where.captions)
        return await self.ask("import", None, file=upload, **options)

    def file(self, answer: ReceivedAnswer) -> bytes:
        (attachment,) = answer.message.attachments
        assert attachment.filename == "glossary.csv"
        return attachment.content


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with place() as where, bot_at(where, tmp_path, NOWHERE) as app:
        host = where.guild.add_person("Host", admin=True)
        yield Scene(where, app, host, where.guild.add_person("Ana"))
        assert where.discord.complaints == []


async def test_terms_are_added_changed_listed_and_removed(scene: Scene) -> None:
    added = await scene.ask("add", language="Spanish", source=" hello  there ", translation="hola")
    assert added.content == "“hello there” is now translated as “hola” in Spanish."
    changed = await scene.ask("add", language="es", source="hello there", translation="buenas")
    assert changed.content == (
        "“hello there” was already in the glossary; it is now translated as “buenas” in Spanish."
    )
    await scene.ask("add", language="fr", source="@everyone", translation="**tous**")
    shown = await scene.ask("list", scene.ana)
    assert shown.content.splitlines() == [
        "The glossary has 2 words.",
        "**Spanish**",
        "- “hello there” → “buenas”",
        "**French**",
        "- “@\u200beveryone” → “\\*\\*tous\\*\\*”",
    ]
    only = await scene.ask("list", scene.ana, language="French")
    assert "buenas" not in only.content
    removed = await scene.ask("remove", source="hello there")
    assert removed.content == "Removed “hello there” from the glossary."
    gone = await scene.ask("remove", source="hello there")
    assert gone.content.startswith("“hello there” isn't in the glossary.")
    assert "has 1 word." in (await scene.ask("list")).content


async def test_an_exported_file_is_imported_as_it_was(scene: Scene) -> None:
    first = await scene.take(b"hello;hola\n=SUM(A1);=suma", language="es")
    assert first.content == "Imported: 2 new, 0 changed, 0 unchanged."
    data = scene.file(await scene.ask("export", scene.ana))
    assert b"\r\n'=SUM(A1),'=suma,es" in data
    again = await scene.take(data)
    assert again.content == "Imported: 0 new, 0 changed, 2 unchanged."


async def test_a_long_list_is_a_file(scene: Scene) -> None:
    rows = "\n".join(f"word number {n},palabra {n},es" for n in range(1000))
    await scene.take(rows.encode())
    shown = await scene.ask("list")
    assert shown.content == "The glossary has 1000 words."
    assert scene.file(shown).count(b"\n") == 1001
    full = await scene.ask("add", language="es", source="one", translation="más")
    assert "1001 words; the maximum is 1000" in full.content


async def test_a_file_with_mistakes_is_not_taken_and_they_are_named(scene: Scene) -> None:
    refused = await scene.take(b"hello,hola,es\ncat,chat\ndog,,fr")
    assert refused.content.splitlines()[:-1] == [  # the last is the number in the log
        "Nothing was imported.",
        "Line 2: No language is given. Add the column, or choose one in the command.",
        "Line 3: Give both a word and its translation.",
    ]
    assert "The glossary is empty" in (await scene.ask("list")).content
    assert "256 kB" in (await scene.take(b"x" * 300_000)).content


async def test_what_can_not_be_is_refused_in_a_sentence(scene: Scene) -> None:
    klingon = await scene.ask("add", language="tlh", source="hello", translation="nuqneH")
    assert "I can't translate into “tlh”" in klingon.content
    blank = await scene.ask("add", language="es", source=" ", translation="x")
    assert blank.content.startswith("Give both a word and its translation.")
    unknown = await scene.ask("remove", source="hello", language="tlh")
    assert "I can't translate into “tlh”" in unknown.content
    for name in ("list", "export"):
        assert "The glossary is empty." in (await scene.ask(name)).content
        assert "I can't translate" in (await scene.ask(name, language="xx")).content
    with pytest.raises(LoopbackError, match="1 to 100 characters"):
        await scene.ask("add", language="es", source="x" * 101, translation="x")


async def test_only_who_manages_the_server_changes_its_glossary(scene: Scene) -> None:
    upload = scene.ana.upload("words.csv", b"hello,hola,es", scene.where.captions)
    tries: list[tuple[str, dict[str, object]]] = [
        ("add", {"language": "es", "source": "hello", "translation": "hola"}),
        ("remove", {"source": "hello"}),
        ("import", {"file": upload}),
    ]
    for name, options in tries:
        refused = await scene.ask(name, scene.ana, **options)
        assert refused.content.startswith("You need the Manage Server permission for this.")


async def test_languages_and_words_are_completed(scene: Scene) -> None:
    await scene.ask("add", language="es", source="hello", translation="hola")
    await scene.ask("add", language="fr", source="hello", translation="salut")
    languages = await scene.host.autocomplete(
        "glossary add", {"language": "spa"}, focused="language", channel=scene.where.captions
    )
    assert ("Spanish", "es") in [(choice.name, choice.value) for choice in languages]
    words = await scene.host.autocomplete(
        "glossary remove", {"source": "HEL"}, focused="source", channel=scene.where.captions
    )
    assert [choice.value for choice in words] == ["hello"]


async def test_the_hosts_own_file_must_be_whole(tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    async with place() as where:
        given = where.env(tmp_path, NOWHERE) | {"GLOSSARY_FILE": str(file)}
        with pytest.raises(SettingsError, match="GLOSSARY_FILE must be the path"):
            settings.load(None, given=given)
        file.write_text("hello,hola")
        with pytest.raises(SettingsError, match=r"GLOSSARY_FILE: .*\n.*Line 1: No language"):
            async with running(settings.load(None, given=given)):
                pass
        file.write_text("hello,hola,es")
        async with running(settings.load(None, given=given)) as app:
            assert app.rooms._glossaries.host == {"es": {"hello": "hola"}}

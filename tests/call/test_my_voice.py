"""/translate my-voice in a call: what each person wants is what the service is asked for."""

from pathlib import Path
from typing import Any

from bot.loopback import Person
from tests.integration.translation.translation_service import Service, Session, listen
from tests.integration.voice.voice_lounge import within
from tests.support.call import ask, bot_at, enter, notice_of, place
from tests.support.clips import clip

WORD = clip("es_conf-invalid")[0][:24_000]  # 750 ms


def voice_of(session: Session) -> str | None:
    """The voice that a session of the newest model speaks with; None: it does not."""
    settings: dict[str, Any] = session.settings
    assert settings["voice"] == settings["audio"]["output"]["voice"]
    return settings["voice"] if "audio" in settings["output_modalities"] else None


async def test_each_person_is_spoken_as_they_want_and_imitated_only_by_their_own_yes(
    tmp_path: Path,
) -> None:
    newest = {"LIVETRANSLATE_MODEL": "qwen3.8-livetranslate-flash-realtime"}
    async with place() as where, Service(listen) as service:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        ana = await enter(where.guild.add_person("Ana"), where)

        async def speak(person: Person) -> Session:
            """What they say begins a conversation, and ends in its silence."""
            known = len(service.sessions)
            await person.speak(WORD)
            await within(10, lambda: len(service.sessions) > known)
            session = service.sessions[-1]
            await within(10, lambda: session.audio.endswith(bytes(3_200)))
            return session

        async def mine(voice: str | None = None) -> str:
            return (await ask(ana, where, "translate my-voice", **_given(voice))).shown

        async with bot_at(where, tmp_path, service.url, **newest):
            await host.command(
                "translate start", {"to": "en", "voice": True}, channel=where.captions
            )
            await ana.press(await notice_of(where), "Join in")
            automatic = voice_of(await speak(ana))
            assert automatic not in {None, voice_of(service.sessions[0])}, "the host has another"
            assert await mine() == (
                "Your translations are read aloud in a voice that is chosen automatically."
            )

            offered = await ana.autocomplete(
                "translate my-voice", {"voice": "korean"}, focused="voice", channel=where.captions
            )
            chosen = (offered[0].name, offered[0].value)
            assert chosen == ("Sohee: woman, Korean, gentle and cheerful", "Sohee")
            said = await mine("sohee")
            assert said == "Your translations are read aloud in the voice Sohee."
            assert voice_of(await speak(ana)) == "Sohee"
            silent = await mine("none")
            assert silent.startswith("Your translations aren't read aloud.")
            assert voice_of(await speak(ana)) is None

            asked = await ask(ana, where, "translate my-voice", voice="own")
            assert "a translation engine on the bot's own machine learns how you" in asked.shown
            assert "it stops immediately" in asked.shown
            assert "Kept: that your translations" in (await ask(ana, where, "privacy status")).shown
            agreed = await ana.press(asked, "Imitate my voice")
            await agreed.until(lambda now: "in an imitation of your own voice" in now.content, 10)
            imitated = await speak(ana)
            assert voice_of(imitated) == "default"
            assert imitated.settings["enable_voice_clone"]
            kept = (await ask(ana, where, "privacy status")).shown
            assert "you agreed that your voice is imitated" in kept
            host_voice = await ask(host, where, "translate my-voice", voice="Ryan")
            assert host_voice.shown.endswith("the voice Ryan.")
            theirs = await speak(host)
            assert voice_of(theirs) == "Ryan"
            assert "enable_voice_clone" not in theirs.settings

            stopped = await ana.press(agreed, "Stop imitating my voice")
            await stopped.until(lambda now: "chosen automatically" in now.content, 10)
            await within(10, lambda: imitated.finished)
            again = await speak(ana)
            assert voice_of(again) not in {None, "default", "Ryan"}
            assert "enable_voice_clone" not in again.settings

            await mine("Ono Anna")
            assert "which voice you chose" in (await ask(ana, where, "privacy forget-me")).shown
            assert "chosen automatically" in await mine()
            await ask(host, where, "translate stop")
        assert where.discord.complaints == []


def _given(voice: str | None) -> dict[str, str]:
    return {} if voice is None else {"voice": voice}

"""What single routes allow, refuse and change."""

from typing import Any

import pytest

from bot.loopback.state.permissions import INVITED, Permissions
from bot.loopback.state.refusal import Refusal, TooMany
from tests.unit.loopback.rest_bench import Bench

P = Permissions


@pytest.fixture
def bench() -> Bench:
    return Bench()


def refused(bench: Bench, method: str, path: str, body: Any = None) -> int:
    with pytest.raises(Refusal) as caught:
        bench.ask(method, path, body)
    return caught.value.json_code or caught.value.status


def test_unknown_paths_and_wrong_methods(bench: Bench) -> None:
    assert refused(bench, "GET", "/no/such/route") == 404
    assert refused(bench, "PUT", "/users/@me") == 405
    assert refused(bench, "GET", "/channels/1") == 10003
    assert refused(bench, "GET", "/channels/abc") == 50035
    assert refused(bench, "GET", "/guilds/1") == 10004


def test_edits_of_messages_older_than_an_hour_are_few(bench: Bench) -> None:
    path = f"/channels/{bench.text.id}/messages/{bench.posted()['id']}"
    for _ in range(10):
        bench.ask("PATCH", path, {"content": "young"})
    bench.clock.seconds = 3601
    for _ in range(3):
        bench.ask("PATCH", path, {"content": "old"})
    with pytest.raises(TooMany) as caught:
        bench.ask("PATCH", path, {"content": "old"})
    assert (caught.value.status, caught.value.json_code) == (429, 30046)
    assert caught.value.retry_after_s == 20.0


def test_only_the_author_edits_and_only_a_moderator_deletes_others(bench: Bench) -> None:
    message = bench.backend.chat.compose(bench.text, bench.ana, {"content": "mine"})
    bench.backend.chat.post(message)
    path = f"/channels/{bench.text.id}/messages/{message.id}"
    assert refused(bench, "PATCH", path, {"content": "yours"}) == 50005
    assert refused(bench, "DELETE", path) == 50013
    bench.role.permissions |= P.MANAGE_MESSAGES
    bench.ask("DELETE", path)
    assert message.deleted
    assert refused(bench, "GET", path) == 10008


def test_embeds_need_their_permission(bench: Bench) -> None:
    body = {"embeds": [{"title": "Transcript"}]}
    path = f"/channels/{bench.text.id}/messages"
    bench.ask("POST", path, body)
    everyone = bench.guild.roles[bench.guild.id]
    for role in (bench.role, everyone):
        role.permissions &= ~P.EMBED_LINKS
    assert refused(bench, "POST", path, body) == 50013


def test_a_listing_is_newest_first_and_can_be_paged(bench: Bench) -> None:
    ids = [bench.posted(str(n))["id"] for n in range(5)]
    path = f"/channels/{bench.text.id}/messages"

    def listed(**query: str) -> list[str]:
        answer = bench.ask("GET", path, None, **query)
        assert isinstance(answer, list)
        return [message["id"] for message in answer]

    assert listed() == ids[::-1]
    assert listed(limit="2") == [ids[4], ids[3]]
    assert listed(before=ids[2]) == [ids[1], ids[0]]
    assert listed(after=ids[1], limit="2") == [ids[3], ids[2]]
    with pytest.raises(Refusal):
        listed(limit="many")


def test_voice_channels_hold_no_threads_and_a_message_starts_one_at_most(bench: Bench) -> None:
    body = {"name": "English", "type": 11}
    assert refused(bench, "POST", f"/channels/{bench.lounge.id}/threads", body) == 50024
    path = f"/channels/{bench.text.id}/messages/{bench.posted()['id']}/threads"
    bench.ask("POST", path, {"name": "English"})
    assert refused(bench, "POST", path, {"name": "English"}) == 160004
    assert refused(bench, "POST", f"/channels/{bench.text.id}/threads", {"name": ""}) == 50035


def test_posting_into_an_archived_thread_wakes_it(bench: Bench) -> None:
    thread = bench.ask("POST", f"/channels/{bench.text.id}/threads", {"name": "x", "type": 11})
    assert isinstance(thread, dict)
    place = f"/channels/{thread['id']}"
    bench.ask("PATCH", place, {"archived": True})
    assert bench.text.threads[0].archived
    bench.ask("POST", f"{place}/messages", {"content": "Good morning"})
    assert not bench.text.threads[0].archived


def test_a_channel_holds_fifteen_webhooks(bench: Bench) -> None:
    path = f"/channels/{bench.text.id}/webhooks"
    for number in range(15):
        bench.ask("POST", path, {"name": f"Captions {number}"})
    assert refused(bench, "POST", path, {"name": "Captions 15"}) == 30007


def test_a_webhooks_token_opens_it_and_no_other_does(bench: Bench) -> None:
    made = bench.ask("POST", f"/channels/{bench.text.id}/webhooks", {"name": "Captions"})
    assert isinstance(made, dict)
    bench.ask("POST", f"/webhooks/{made['id']}/{made['token']}", {"content": "Hola"})
    assert refused(bench, "POST", f"/webhooks/{made['id']}/wrong", {"content": "Hola"}) == 50027
    assert refused(bench, "POST", f"/webhooks/1/{made['token']}", {"content": "Hola"}) == 10015


def test_a_status_is_set_by_one_who_is_in_the_channel_or_manages_it() -> None:
    bench = Bench(INVITED)
    path = f"/channels/{bench.lounge.id}/voice-status"
    assert refused(bench, "PUT", path, {"status": "Translating"}) == 50013
    bench.backend.voice.place(bench.guild, bench.bot.id, bench.lounge)
    assert refused(bench, "PUT", path, {"status": "x" * 501}) == 50035
    bench.ask("PUT", path, {"status": "Translating"})
    assert bench.lounge.status == "Translating"
    bench.ask("PUT", path, {"status": ""})
    assert bench.lounge.status is None


def test_on_a_stage_one_listens_until_allowed_to_speak(bench: Bench) -> None:
    bench.backend.voice.place(bench.guild, bench.bot.id, bench.stage)
    path = f"/guilds/{bench.guild.id}/voice-states/@me"
    assert bench.guild.voice_states[bench.bot.id].suppress
    assert refused(bench, "PATCH", path, {"suppress": False}) == 50013
    bench.ask("PATCH", path, {"request_to_speak_timestamp": "2026-01-01T00:00:00+00:00"})
    assert bench.guild.voice_states[bench.bot.id].request_to_speak is not None
    bench.role.permissions |= P.MUTE_MEMBERS
    bench.ask("PATCH", path, {"suppress": False})
    assert not bench.guild.voice_states[bench.bot.id].suppress


def test_commands_keep_their_ids_and_show_translations_on_request_only(bench: Bench) -> None:
    path = f"/applications/{bench.bot.id}/commands"
    command = {
        "name": "translate",
        "description": "Translate",
        "name_localizations": {"de": "übersetzen"},
        "default_member_permissions": 32,
    }
    first = bench.ask("PUT", path, [command])
    again = bench.ask("PUT", path, [command | {"description": "Anew"}])
    assert isinstance(first, list)
    assert isinstance(again, list)
    assert first[0]["id"] == again[0]["id"]
    assert again[0]["default_member_permissions"] == "32"
    plain, full = bench.ask("GET", path), bench.ask("GET", path, None, with_localizations="true")
    assert isinstance(plain, list)
    assert isinstance(full, list)
    assert "name_localizations" not in plain[0]
    assert full[0]["name_localizations"] == {"de": "übersetzen"}
    assert refused(bench, "GET", f"/applications/{bench.ana.id}/commands") == 10002

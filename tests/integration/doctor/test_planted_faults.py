"""The doctor finds what is broken, that alone, and names the cure; on loopback, one at a time."""

import socket
import sqlite3
import ssl
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from bot.audio import opus
from bot.doctor import machine
from bot.doctor.checks import Mark
from bot.doctor.plan import DoctorOptions
from bot.loopback import Intents, Permissions
from bot.loopback.voice import tls
from bot.page import assets
from bot.store.database import Database
from bot.store.ownership import lease
from tests.integration.doctor.clinic import (
    SECRET,
    Clinic,
    free_port,
    health_server,
    page_server,
    serve,
    wrong,
)
from tests.integration.translation.translation_service import Service, Session

P = Permissions
Plant = Callable[[Clinic], Awaitable[DoctorOptions | None]]
PLANTED: list[Any] = []


@dataclass(frozen=True)
class Expected:
    """What is to be found."""

    check: str
    line: str
    cure: str
    mark: Mark


def finds(check: str, line: str, cure: str, mark: Mark = Mark.FAULT) -> Callable[[Plant], Plant]:
    """Plant what the function below breaks, and expect this of the doctor, and nothing else.

    Args:
        check: Which check finds it.
        line: Part of what it says.
        cure: Part of the cure.
        mark: How bad it is.
    """
    expected = Expected(check, line, cure, mark)

    def add(plant: Plant) -> Plant:
        PLANTED.append(pytest.param(plant, expected, id=plant.__name__))
        return plant

    return add


# This machine


@finds("Python", "runs this, and Parley needs >=3.99.", "Install a newer Python")
async def an_old_python(clinic: Clinic) -> None:
    clinic.monkeypatch.setattr(
        machine, "wanted", lambda: machine.NeededVersions(SpecifierSet(">=3.99"), [])
    )


@finds("libraries", "aiohttp 3.", "pip install -r requirements/run.txt")
async def an_old_library(clinic: Clinic) -> None:
    needed = machine.NeededVersions(SpecifierSet(">=3.11"), [Requirement("aiohttp>=99")])
    clinic.monkeypatch.setattr(machine, "wanted", lambda: needed)


@finds("libraries", "parley-needs-this is missing", "pip install -r requirements/run.txt")
async def a_library_that_is_missing(clinic: Clinic) -> None:
    needed = machine.NeededVersions(SpecifierSet(">=3.11"), [Requirement("parley-needs-this>=1")])
    clinic.monkeypatch.setattr(machine, "wanted", lambda: needed)


@finds("libopus", "libopus was not found.", "apt install libopus0")
async def no_libopus(clinic: Clinic) -> None:
    clinic.monkeypatch.setattr(opus, "_candidates", list)
    opus.library.cache_clear()
    clinic.stack.callback(opus.library.cache_clear)


@finds("DAVE", "davey can't be loaded", "pip install davey")
async def no_encryption(clinic: Clinic) -> None:
    clinic.monkeypatch.setattr("discord.voice_state.has_dave", False)


@finds("disk", "Only 40 MB free", "Free some space")
async def a_full_disk(clinic: Clinic) -> None:
    clinic.monkeypatch.setattr(machine, "free_bytes", lambda _: 40_000_000)


# Settings


@finds("each setting", "HEALTH_PORT must be a whole number", "Correct HEALTH_PORT in ")
async def a_malformed_setting(clinic: Clinic) -> None:
    clinic.set("HEALTH_PORT", "eighty")


@finds("each setting", "Line 7 of ", "Write NAME=value")
async def a_line_that_is_none(clinic: Clinic) -> None:
    clinic.env.append("'LOG_LEVEL=debug")


@finds("names", "LIVETRANSLATE_MODLE in ", "Is LIVETRANSLATE_MODEL meant?", Mark.WARNING)
async def a_setting_with_a_wrong_name(clinic: Clinic) -> None:
    clinic.env.append("LIVETRANSLATE_MODLE=qwen3-livetranslate-flash-realtime")


@finds(
    "names",
    "DISCORD_GATEWAY_ULR in the environment is no setting.",
    "Is DISCORD_GATEWAY_URL meant?",
    Mark.WARNING,
)
async def a_wrong_name_in_the_environment(clinic: Clinic) -> None:
    clinic.environment |= {"DISCORD_GATEWAY_ULR": "x", "DISPLAY": ":0", "WEB_BROWSER": "x"}


@finds("names", "LOG_LEVEL is set on lines 7 and 9 of", "Remove the others.", Mark.WARNING)
async def a_setting_that_is_set_twice(clinic: Clinic) -> None:
    clinic.env += ["LOG_LEVEL=info", "", "log_level=debug"]


@finds("names", "LOG_LEVEL is set otherwise in the environment", "Remove it there", Mark.WARNING)
async def a_setting_that_does_not_count(clinic: Clinic) -> None:
    clinic.set("LOG_LEVEL", "debug")
    clinic.set_outside("LOG_LEVEL", "info")


@finds("names", "https_proxy".upper(), "environment of the process", Mark.WARNING)
async def a_proxy_where_nobody_reads_it(clinic: Clinic) -> None:
    clinic.env.append("https_proxy=http://127.0.0.1:3128")


@finds("names", "Others on this machine can read ", "chmod 600 ", Mark.WARNING)
async def secrets_that_others_can_read(clinic: Clinic) -> None:
    clinic.env_file.chmod(0o644)


# Discord


@finds("Discord", "127.0.0.1 refuses the connection.", "correct DISCORD_API_URL")
async def no_discord(clinic: Clinic) -> None:
    clinic.set("DISCORD_API_URL", f"http://127.0.0.1:{free_port()}/api/v10")


@finds("Discord", "127.0.0.1 is no Discord (HTTP 404).", "https://discord.com/api/v10")
async def an_address_that_is_no_discord(clinic: Clinic) -> None:
    clinic.set("DISCORD_API_URL", clinic.discord.api_url.replace("/api/v10", "/api/v2"))


@finds("Discord", "127.0.0.1 fails (HTTP 503).", "https://discordstatus.com")
async def a_discord_that_fails(clinic: Clinic) -> None:
    clinic.discord.trouble("^/gateway$", status=503)


@finds("Discord", "holds no certificates.", "Name a PEM file in DISCORD_CA_FILE")
async def a_file_without_certificates(clinic: Clinic) -> None:
    file = clinic.folder / "ca.pem"
    file.write_text("none", encoding="utf-8")
    clinic.set("DISCORD_CA_FILE", str(file))


@finds("clock", " behind Discord's.", "timedatectl set-ntp true")
async def a_clock_that_is_wrong(clinic: Clinic) -> None:
    clinic.late_s = 630.0


@finds("token", "Discord refuses DISCORD_TOKEN.", "What is set has not the form of a token.")
async def a_token_that_is_none(clinic: Clinic) -> None:
    clinic.set("DISCORD_TOKEN", "a" * 32)


@finds("application", "Requires OAuth2 Code Grant is on", "Turn it off: https://discord.com/dev")
async def a_code_grant(clinic: Clinic) -> None:
    clinic.bot.switches.code_grant = True


@finds("application", "Interactions Endpoint URL is set", "Clear it: https://discord.com/dev")
async def commands_that_go_elsewhere(clinic: Clinic) -> None:
    clinic.bot.switches.interactions_url = "https://example.org/interactions"


@finds(
    "application",
    "Anyone can add the bot",
    "Set ALLOWED_GUILDS or GUEST_DAILY_MINUTES, or turn off",
    Mark.WARNING,
)
async def a_public_bot_without_a_limit(clinic: Clinic) -> None:
    clinic.bot.switches.public = True


@finds("installation", "lack the scope applications.commands", "Default Install Settings")
async def an_install_button_without_commands(clinic: Clinic) -> None:
    clinic.bot.switches.scopes = ("bot",)


@finds("installation", "lack Connect, Speak", "Default Install Settings", Mark.WARNING)
async def an_install_button_without_voice(clinic: Clinic) -> None:
    clinic.bot.switches.scopes = ("bot", "applications.commands")
    mine = clinic.role.permissions
    clinic.bot.switches.permissions = mine & ~(P.CONNECT | P.SPEAK)


@finds("intents", "On and not needed: Message Content Intent.", "Turn it off", Mark.WARNING)
async def an_intent_too_many(clinic: Clinic) -> None:
    clinic.bot.privileged = Intents.MESSAGE_CONTENT


@finds("gateway", "All 1000 sessions of today are used up; there are more in 1:00:00.", "its log")
async def no_session_left(clinic: Clinic) -> None:
    clinic.bot.switches.sessions_left = 0


@finds("gateway", "opens no websocket of Discord's", "Let the firewall or proxy pass websockets")
async def a_gateway_that_is_none(clinic: Clinic) -> None:
    port = await serve(clinic, web.Application())
    clinic.set("DISCORD_GATEWAY_URL", f"ws://127.0.0.1:{port}/gateway")


@finds("servers", "it can translate in none of 1 voice channels: no Connect in Lounge", "Connect")
async def a_server_that_lets_nobody_connect(clinic: Clinic) -> DoctorOptions:
    clinic.guild.set_permissions(clinic.guild.everyone, P.VIEW_CHANNEL | P.SEND_MESSAGES)
    clinic.guild.set_permissions(clinic.role, clinic.role.permissions & ~P.CONNECT)
    return DoctorOptions(all_servers=True)


@finds("servers", "no Manage Webhooks in Lounge, captions", "in Village", Mark.WARNING)
async def captions_without_their_speakers(clinic: Clinic) -> DoctorOptions:
    clinic.guild.set_permissions(clinic.role, clinic.role.permissions & ~P.MANAGE_WEBHOOKS)
    return DoctorOptions(servers=(clinic.guild.id,))


@finds("servers", "It is not in server 4.", "https://discord.com/oauth2/authorize?client_id=")
async def a_server_that_it_is_not_in(_: Clinic) -> DoctorOptions:
    return DoctorOptions(servers=(4,))


# The translation service


@finds("service", "127.0.0.1 refuses the connection.", "Start it with parley engine")
async def no_service(clinic: Clinic) -> None:
    clinic.set("DASHSCOPE_URL", f"ws://127.0.0.1:{free_port()}/api-ws/v1/realtime")


@finds("key and model", "The service refuses DASHSCOPE_API_KEY.", "Copy it again from https://")
async def a_key_that_is_refused(clinic: Clinic) -> None:
    body = '{"code":"InvalidApiKey","message":"Incorrect API key provided."}'
    service = await clinic.stack.enter_async_context(
        Service(Session.rest, refuse=401, refusal=body)
    )
    clinic.set("DASHSCOPE_URL", service.url)


@finds("key and model", "The service doesn't know the model", "Correct LIVETRANSLATE_MODEL")
async def a_model_that_there_is_not(clinic: Clinic) -> None:
    clinic.set("LIVETRANSLATE_MODEL", "qwen9-livetranslate-flash-realtime")


@finds("key and model", "may make no more requests this minute", "above the account's limit")
async def an_account_that_others_use(clinic: Clinic) -> None:
    body = "Requests rate limit exceeded, please try again later."
    service = await clinic.stack.enter_async_context(
        Service(Session.rest, refuse=429, refusal=body)
    )
    clinic.set("DASHSCOPE_URL", service.url)


# The database


@finds("database", "file is not a database.", "Name another file in DATABASE_URL")
async def a_file_that_is_no_database(clinic: Clinic) -> None:
    clinic.database.write_bytes(b"Dear diary, " * 100)


@finds("database", "may not write in ", "Let it, or name another file in DATABASE_URL.")
async def a_folder_that_is_none(clinic: Clinic) -> None:
    file = clinic.folder / "a file"
    file.touch()
    clinic.set("DATABASE_URL", f"sqlite+aiosqlite:///{file / 'parley.db'}")


@finds(
    "database", "Connect call failed", "Start its server, or correct the address in DATABASE_URL."
)
async def no_database_server(clinic: Clinic) -> None:
    clinic.set("DATABASE_URL", f"postgresql+asyncpg://ana:{SECRET}@127.0.0.1:{free_port()}/x")


@finds("tables", "A newer version of Parley made it (step 9999", "Update Parley")
async def tables_of_a_newer_version(clinic: Clinic) -> None:
    await at_step(clinic, "9999")


@finds("tables", "At step 0001; the next start brings it to", "Make a copy of it", Mark.WARNING)
async def tables_of_an_older_version(clinic: Clinic) -> None:
    await at_step(clinic, "0001")


async def made(clinic: Clinic) -> None:
    async with await Database.open(clinic.database_url):
        pass


async def at_step(clinic: Clinic, step: str) -> None:
    await made(clinic)
    with closing(sqlite3.connect(clinic.database)) as file, file:
        file.execute("UPDATE alembic_version SET version_num = ?", (step,))


@finds("running", "does not answer on HEALTH_PORT", "a second bot on this", Mark.WARNING)
async def a_second_process(clinic: Clinic) -> None:
    await made(clinic)
    held = await lease.take(clinic.database_url)
    clinic.stack.push_async_callback(held.close)


# Ports


@finds("health port", "is taken by another program.", "Choose another, or 0 for none; ss -ltnp")
async def a_health_port_that_is_taken(clinic: Clinic) -> None:
    clinic.set("HEALTH_PORT", str(await serve(clinic, web.Application())))


@finds("health port", "on 192.0.2.7 can't be listened on.", "Set HEALTH_HOST to an address of this")
async def an_address_of_another_machine(clinic: Clinic) -> None:
    clinic.set("HEALTH_HOST", "192.0.2.7")


@finds("running", "uses another database.", "If it has the same token, end one of the two")
async def a_bot_with_another_database(clinic: Clinic) -> None:
    await health_server(clinic)


# The page


@finds("web port", "is taken by another program.", "Choose another; ss -ltnp")
async def a_web_port_that_is_taken(clinic: Clinic) -> None:
    port = await serve(clinic, web.Application())
    clinic.set("WEB_PORT", str(port))
    clinic.set("PUBLIC_URL", f"http://127.0.0.1:{port}")


@finds("web port", "WEB_PORT and HEALTH_PORT are both ", "Choose another for one of them.")
async def one_port_for_both(clinic: Clinic) -> None:
    clinic.set("WEB_PORT", clinic.value("HEALTH_PORT"))
    clinic.set("PUBLIC_URL", f"http://127.0.0.1:{await serve(clinic, web.Application())}")


@finds("address", "The address of parley.invalid can't be found.", "Check PUBLIC_URL")
async def a_name_that_there_is_not(clinic: Clinic) -> None:
    look_up = socket.getaddrinfo

    def address(host: str | None, *rest: Any, **options: Any) -> Any:
        if host == "parley.invalid":  # a real look-up may take seconds
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *rest, **options)

    clinic.monkeypatch.setattr(socket, "getaddrinfo", address)
    clinic.set("PUBLIC_URL", "https://parley.invalid")


@finds("address", "captions travel in the clear", "Get a certificate", Mark.WARNING)
async def a_page_without_tls(clinic: Clinic) -> None:
    clinic.set("PUBLIC_URL", "http://parley.example.org")


@finds("address", "The certificate of 127.0.0.1 is not trusted.", "ca-certificates")
async def a_certificate_of_nobody(clinic: Clinic) -> None:
    await secured(clinic)
    clinic.trust = None


@finds("address", "The certificate of 127.0.0.1 ends in 4 days.", "Renew it", Mark.WARNING)
async def a_certificate_that_ends(clinic: Clinic) -> None:
    clinic.monkeypatch.setattr(tls, "_AFTER", timedelta(days=4, hours=12))
    await secured(clinic)


@finds("address", "The certificate of 127.0.0.1 has expired.", "Renew it.")
async def a_certificate_that_has_ended(clinic: Clinic) -> None:
    clinic.monkeypatch.setattr(tls, "_AFTER", timedelta(minutes=-30))
    await secured(clinic)


@finds("answer", "does not reach the bot (HTTP 502).", "Let it pass requests on to 127.0.0.1:")
async def a_web_server_that_does_not_reach_the_bot(clinic: Clinic) -> None:
    await fronted(clinic, lambda _: web.Response(status=502))


@finds("answer", "Something else than the bot answers", "docs/page.md")
async def a_web_server_with_a_page_of_its_own(clinic: Clinic) -> None:
    await fronted(clinic, lambda _: web.Response(text="Welcome to nginx!"))


@finds("answer", "leads to another address, on www.example.org.", "Set PUBLIC_URL to the address")
async def a_web_server_that_leads_elsewhere(clinic: Clinic) -> None:
    there = {"Location": "https://www.example.org/"}
    await fronted(clinic, lambda _: web.Response(status=301, headers=there))


@finds("answer", "passes no websockets (HTTP 400).", "Let it pass the headers Upgrade")
async def a_web_server_that_passes_no_websockets(clinic: Clinic) -> None:
    manifest = assets.manifest("en-US").body

    def answer(request: web.Request) -> web.Response:
        is_live = request.path == "/live"
        return web.Response(status=400) if is_live else web.Response(body=manifest)

    await fronted(clinic, answer)


@finds("answer", "has another PUBLIC_URL.", "Restart it after a change of PUBLIC_URL")
async def a_bot_that_was_not_restarted(clinic: Clinic) -> None:
    clinic.set("PUBLIC_URL", await page_server(clinic, "https://old.example.org"))


async def secured(clinic: Clinic) -> None:
    """A web server with TLS at PUBLIC_URL, and no bot behind it."""
    context, ca_file = tls.make(clinic.folder)
    clinic.trust = ssl.create_default_context(cafile=str(ca_file))
    port = await serve(clinic, web.Application(), context)
    clinic.set("PUBLIC_URL", f"https://127.0.0.1:{port}")


async def fronted(clinic: Clinic, answer: Callable[[web.Request], web.Response]) -> None:
    """A bot that serves the page, and a web server before it."""

    async def answered(request: web.Request) -> web.Response:
        return answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answered)
    public = f"http://127.0.0.1:{await serve(clinic, app)}"
    await page_server(clinic, public)
    clinic.set("PUBLIC_URL", public)


@pytest.mark.parametrize(("plant", "expected"), PLANTED)
async def test_a_planted_fault_is_found_alone_with_its_cure(
    clinic: Clinic, plant: Plant, expected: Expected
) -> None:
    found = await clinic.examined(await plant(clinic))
    (bad,) = wrong(found)
    assert (bad.check.name, bad.diagnosis.mark) == (expected.check, expected.mark)
    assert expected.line in bad.diagnosis.line
    assert expected.cure in bad.diagnosis.cure
    said = "\n".join(f"{one.diagnosis.line} {one.diagnosis.cure}" for one in found)
    assert SECRET not in said
    assert clinic.bot.token not in said

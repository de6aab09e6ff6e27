"""Everything a call needs, on this machine: an engine, a Discord, and the bot between them."""

import asyncio
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import settings
from bot.app import App, running
from bot.engine.models import weights
from bot.errors import EngineError
from bot.loopback import Bot, Channel, Guild, LoopbackDiscord
from bot.settings import Settings

_ENGINE_WITHIN_S = 120.0  # the first time it joins and checks the weights
_LAST_WORDS = 2000  # bytes of a failed engine's standard error worth repeating
_STOP_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A call's surroundings.

    Attributes:
        works: The name of what recognises and translates.
    """

    discord: LoopbackDiscord
    guild: Guild
    lounge: Channel
    captions: Channel
    account: Bot
    app: App
    config: Settings
    works: str


@asynccontextmanager
async def set_up(
    *, model: str | None, live: bool, trace: Path, page: bool = False
) -> AsyncIterator[Stage]:
    """Start the parts and connect them.

    Args:
        model: The LiveTranslate model to speak to; None: the one that is set.
        live: Have the real service translate.
        trace: Where the engine writes what came and went.
        page: Serve the page on which the call is read and heard.

    Raises:
        SettingsError: `live`, and the key is missing or malformed.
        EngineError: The local engine did not start.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-")))
        discord = await stack.enter_async_context(LoopbackDiscord())
        guild = discord.add_guild("Parley")
        captions = guild.add_text_channel("captions")
        lounge = guild.add_voice_channel("Lounge")
        account = discord.add_bot("Parley")
        guild.invite(account)
        given = {
            "DISCORD_TOKEN": account.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "DISCORD_CA_FILE": str(discord.ca_file),
            "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'parley.db'}",
            "HEALTH_PORT": "0",
        }
        if page:
            port = _free_port()
            given |= {"PUBLIC_URL": f"http://localhost:{port}", "WEB_PORT": str(port)}
        if model is not None:
            given["LIVETRANSLATE_MODEL"] = model
        if not live:
            given["DASHSCOPE_URL"] = await stack.enter_async_context(_engine(trace))
            given["DASHSCOPE_API_KEY"] = "local"
            given["LIVETRANSLATE_CONNECTS_PER_MINUTE"] = "1000"
        config = settings.load(given=given)
        app = await stack.enter_async_context(running(config))
        works = config.translation.model if live else f"Whisper {weights.NAME}"
        yield Stage(discord, guild, lounge, captions, account, app, config, works)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _engine(trace: Path) -> AsyncIterator[str]:
    # A process of its own: its models shall not take time from the bot, whose share is measured.
    command = ("-m", "bot", "engine", "--port", "0", "--trace", str(trace))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path.cwd(),
    )
    try:
        yield await _address(process)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_WITHIN_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None or process.stderr is None:
        raise EngineError("The engine's output can't be read.")
    try:
        async with asyncio.timeout(_ENGINE_WITHIN_S):
            row = await process.stdout.readline()
    except TimeoutError:
        raise EngineError(f"The engine was not ready within {_ENGINE_WITHIN_S:.0f} s.") from None
    if not row:
        last = (await process.stderr.read())[-_LAST_WORDS:].decode("utf-8", "replace").strip()
        raise EngineError(f"The engine did not start: {last.removeprefix('parley: ')}")
    return row.decode().strip().rpartition("DASHSCOPE_URL=")[2]

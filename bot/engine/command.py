"""`parley engine`: serves until it is told to end."""

import asyncio

from bot.engine.config import EngineConfig
from bot.engine.server import EngineServer
from bot.errors import UsageError
from bot.process import signals

_HIGHEST_PORT = 65_535


async def serve(config: EngineConfig) -> int:
    """Serve as it says; the first line on standard output ends with the address.

    Raises:
        UsageError: The port can't be one.
        EngineError: The port is taken, or the trace can't be written.
        ModelError: The model's weights are missing.
    """
    if not 0 <= config.port <= _HIGHEST_PORT:
        raise UsageError(f"--port: {config.port} is no port; 0 to {_HIGHEST_PORT}.")
    stop = asyncio.Event()
    forget = signals.on_end(lambda _: stop.set())
    try:
        async with EngineServer(config) as engine:
            print(f"LiveTranslate on this machine: DASHSCOPE_URL={engine.url}", flush=True)  # noqa: T201
            await stop.wait()
    finally:
        forget()
    return 0

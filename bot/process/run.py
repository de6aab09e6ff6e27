"""`parley run`: the process around the bot, from its settings to its exit status.

A request to end (SIGTERM) that was carried out is success, 0: that is what Docker, systemd and
others take for a clean stop. After an interrupt (SIGINT, Ctrl-C) the status is 130, as shells have
it. A second signal ends the process at once, with 128 and its number; one that hangs ends by itself
before Docker would kill it, with 1.
"""

import asyncio
import gc
import signal

from bot import logs, settings
from bot.app import App, running
from bot.doctor import summary
from bot.errors import ParleyError
from bot.logs import get_logger
from bot.process import memory, signals
from bot.process.last_resort import LastResort
from bot.process.shutdown import Shutdown
from bot.settings import Settings
from bot.tasks import TaskOwner

log = get_logger(__name__)

_STATUS = {signal.SIGINT: 130, signal.SIGTERM: 0}


async def run() -> int:
    """Run the bot until it is told to end."""
    memory.keep_in_one_arena()
    config = settings.load()
    logs.configure(
        config.logs.level,
        config.logs.format,
        secrets=(
            config.discord.token.get_secret_value(),
            config.translation.api_key.get_secret_value(),
        ),
    )
    shutdown = Shutdown()
    last_resort = LastResort(asyncio.get_running_loop(), shutdown.doing)
    shutdown.at_once(last_resort.arm)
    here = asyncio.current_task()
    received: list[signal.Signals] = []

    def asked(number: signal.Signals) -> None:
        received.append(number)
        if here is not None and not shutdown.begun:
            log.info("stopping", signal=number.name)
            shutdown.begin()
            here.cancel()  # whatever it waits for: also while it is still starting

    forget = signals.on_end(asked, at_once=last_resort.asked)
    try:
        await _run(config, shutdown)
    except asyncio.CancelledError:
        if not received:
            raise
    finally:
        forget()
    return _STATUS[received[0]]


async def _run(config: Settings, shutdown: Shutdown) -> None:
    log.info("starting", versions=summary.versions(), uses=summary.parts(config))
    async with running(config, shutdown) as app:
        gc.collect()
        gc.freeze()  # what is here now stays: no need to look through it again and again
        log.info("translating", model=config.translation.model)
        await _over(app)


async def _over(app: App) -> None:
    """Wait for what ends the bot without being asked, and raise the reason."""
    waiting = TaskOwner("run")
    closed = waiting.start(app.bot.closed(), "closed")
    lost = waiting.start(app.processes.lost(), "lease")
    try:
        await asyncio.wait({closed, lost}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await waiting.close()
    if closed.done() and not closed.cancelled():
        raise ParleyError("The link to Discord ended for good.")
    raise lost.result()

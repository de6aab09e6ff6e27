"""A process that is asked to end and hangs; run as a script, with what hangs as its argument."""

import asyncio
import logging
import sys
import time

from bot import logs
from bot.process import last_resort, signals


def main() -> None:
    """Wait for a signal, and do not end."""
    last_resort.AFTER_S = 0.5  # type: ignore[misc]
    logs.configure("info", "text")
    asyncio.run(_hang(sys.argv[1]))


async def _hang(what: str) -> None:
    loop = asyncio.get_running_loop()
    resort = last_resort.LastResort(loop, lambda: "a part")
    stop = asyncio.Event()
    signals.on_end(lambda _: stop.set(), at_once=resort.asked)
    print("ready", flush=True)  # noqa: T201 - what the test waits for
    if what == "loop":
        time.sleep(60)  # noqa: ASYNC251 - that is the fault
    while what == "log":
        logging.getLogger("talkative").info("x" * 1000)
    await stop.wait()
    if what == "thread":  # a look-up of a name, say
        loop.run_in_executor(None, time.sleep, 60)


if __name__ == "__main__":
    main()

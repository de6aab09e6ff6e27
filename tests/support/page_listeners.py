"""Many listeners in a process of their own: what they cost is theirs.

Reads the page's address and links as JSON from its input; says "ready" once all read; and, when the
room has ended, how late captions were (ms) and how much each received, as JSON.
"""

import asyncio
import json
import sys
import time

import aiohttp
from aiohttp import WSMsgType


async def listen(url: str, link: str, late: list[float], ready: asyncio.Semaphore) -> list[int]:
    """Read with one link until the room ends; how many captions and how many bytes of voice."""
    origin = {"Origin": url}
    lines = voice = 0
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        token = link.partition("#")[2]
        async with session.post(f"{url}/session", data=token, headers=origin) as answer:
            assert answer.status == 204, answer.status
        async with session.ws_connect(f"{url}/live", headers=origin) as live:
            await live.send_json(
                {"language": None, "voice": "opus", "epoch": "", "after": 0, "number": 0}
            )
            async for message in live:
                now = time.time()  # noqa: TID251 - one machine, two processes
                if message.type is WSMsgType.BINARY:
                    voice += len(message.data)
                    continue
                for event in json.loads(message.data):
                    if event["t"] == "stream":
                        ready.release()
                    elif event["t"] == "line":
                        lines += 1
                        late.append(1000 * (now - float(event["text"].split()[-1])))
    return [lines, voice]


async def main() -> None:
    """Run them all."""
    given = json.loads(sys.stdin.readline())
    late: list[float] = []
    ready = asyncio.Semaphore(0)
    tasks = [
        asyncio.ensure_future(listen(given["url"], link, late, ready))  # noqa: TID251 - awaited below
        for link in given["links"]
    ]
    for _ in tasks:
        await ready.acquire()
    print("ready", flush=True)  # noqa: T201
    got = await asyncio.gather(*tasks)
    late.sort()
    print(  # noqa: T201
        json.dumps(
            {
                "median": late[len(late) // 2],
                "p95": late[len(late) * 95 // 100],
                "lines": [lines for lines, _ in got],
                "voice": [voice for _, voice in got],
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(main())

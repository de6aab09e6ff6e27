"""The command line: parley run, demo, engine, health.

What goes wrong for a known reason is one line on standard error and a non-zero exit: 2 when what
was asked for can't be (an option, a setting, a file), 1 when it failed while it ran.
"""

import argparse
import asyncio
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from bot import __version__
from bot.errors import AudioError, LanguageError, ParleyError, SettingsError, UsageError
from bot.process import interrupt

_ASKED_WRONGLY = (UsageError, SettingsError, AudioError, LanguageError)
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # no name and no caption is worth a traceback
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except ParleyError as error:
        for line in str(error).splitlines():
            print(f"parley: {line}", file=sys.stderr)  # noqa: T201 - the answer to the command
        return 2 if isinstance(error, _ASKED_WRONGLY) else 1
    except KeyboardInterrupt:
        print(interrupt.STOPPED, file=sys.stderr)  # noqa: T201 - likewise
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parley", description="A live interpreter for Discord voice channels."
    )
    parser.add_argument("--version", action="version", version=f"parley {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run the bot, configured by .env or the environment")
    run.set_defaults(run=_run)

    demo = commands.add_parser(
        "demo", help="play a whole call on this machine: no token, no key, real speech"
    )
    demo.add_argument(
        "--speak",
        action="append",
        metavar="NAME=FILE[@SECONDS]",
        help="let NAME say this sound file, from so many seconds on; may be repeated",
    )
    demo.add_argument("--to", default="en", metavar="CODES", help="into these (default: en)")
    demo.add_argument(
        "--voice", default=None, metavar="CODE|off", help="speak this one back (default: the first)"
    )
    demo.add_argument("--model", default=None, help="the LiveTranslate model to speak to")
    demo.add_argument(
        "--live",
        action="store_true",
        help="translate with the real service and the key of .env (Discord stays on loopback)",
    )
    demo.add_argument(
        "--out", type=Path, default=Path("demo-output"), help="folder for what it leaves behind"
    )
    demo.add_argument(
        "--page", action="store_true", help="open the page on which a member reads and hears it"
    )
    demo.add_argument("--plain", action="store_true", help="one line per event, no live picture")
    demo.set_defaults(run=_demo)

    engine = commands.add_parser(
        "engine", help="serve the LiveTranslate protocol with models on this machine"
    )
    engine.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine alone)"
    )
    engine.add_argument("--port", type=int, default=8765, help="0 takes any free one")
    engine.add_argument("--model-path", type=Path, default=None, help="folder of a Whisper model")
    engine.add_argument(
        "--trace", type=Path, default=None, help="write what came and went when, as JSON lines"
    )
    engine.set_defaults(run=_engine)

    health = commands.add_parser("health", help="ask a running bot how it is; exit 0 when well")
    health.set_defaults(run=_health)
    return parser


# Each command imports what it needs: the engine's models and the demo are extras, and the health
# check must be quick.


def _run(_: argparse.Namespace) -> int:
    interrupt.end_at_once()  # what is imported here takes a second
    from bot.process.run import run  # noqa: PLC0415

    return asyncio.run(run())


def _demo(arguments: argparse.Namespace) -> int:
    from bot.demo.options import Options, script_of  # noqa: PLC0415

    options = Options(
        speak=tuple(arguments.speak or ()),
        to=arguments.to,
        voice=arguments.voice,
        model=arguments.model,
        live=arguments.live,
        out=arguments.out,
        page=arguments.page,
        plain=arguments.plain or not sys.stdout.isatty(),
    )
    script = script_of(options)  # before the imports of the bot, which take seconds
    from bot.demo.run import run  # noqa: PLC0415

    return asyncio.run(run(options, script))


def _engine(arguments: argparse.Namespace) -> int:
    from bot.engine.command import serve  # noqa: PLC0415
    from bot.engine.config import EngineConfig  # noqa: PLC0415

    return asyncio.run(
        serve(
            EngineConfig(
                host=arguments.host,
                port=arguments.port,
                model=arguments.model_path,
                trace=arguments.trace,
            )
        )
    )


def _health(_: argparse.Namespace) -> int:
    from bot.settings import health_address  # noqa: PLC0415
    from bot.web.health import check  # noqa: PLC0415

    return check(*health_address())

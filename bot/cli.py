"""The command line: parley run, doctor, guilds, demo, engine, health.

What goes wrong for a known reason is one line on standard error and a non-zero exit: 2 when what
was asked for can't be (an option, a setting, a file), 1 when it failed while it ran.
"""

import argparse
import asyncio
import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from bot import __version__
from bot.errors import AudioError, LanguageError, ParleyError, SettingsError, UsageError
from bot.process import interrupt

_ASKED_WRONGLY = (UsageError, SettingsError, AudioError, LanguageError)
_INTERRUPTED = 130
_MOST_DAILY_MINUTES = 1_000_000


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

    doctor = commands.add_parser(
        "doctor", help="check all that the bot needs, and say how to mend what is wrong"
    )
    doctor.add_argument("--json", action="store_true", help="as a list of objects")
    doctor.add_argument(
        "--no-spend", action="store_true", help="don't speak to the service, which costs a little"
    )
    doctor.add_argument(
        "--server",
        action="append",
        type=int,
        metavar="ID",
        help="check the permissions in this server too; may be repeated",
    )
    doctor.add_argument("--servers", action="store_true", help="in all servers")
    doctor.set_defaults(run=_doctor)

    _add_guilds(commands.add_parser("guilds", help="list servers, and say which may use the bot"))

    health = commands.add_parser("health", help="ask a running bot how it is; exit 0 when well")
    health.set_defaults(run=_health)
    return parser


def _add_guilds(guilds: argparse.ArgumentParser) -> None:
    guilds.add_argument("--json", action="store_true", help="print the list as JSON")
    guilds.set_defaults(run=_guilds, action=None)
    actions = guilds.add_subparsers(metavar="ACTION", help="without one, servers are listed")
    for action, what in (
        ("allow", "let a server use the bot"),
        ("deny", "let a server use nothing that costs"),
        ("reset", "let the settings decide again"),
    ):
        parser = actions.add_parser(action, help=what, description=f"{what.capitalize()}.")
        parser.add_argument("id", type=_guild_id, metavar="ID", help="the server's id")
        parser.add_argument(
            "--in-advance", action="store_true", help="also where the bot does not know it yet"
        )
        parser.set_defaults(action=action, daily_minutes=None)
        if action == "allow":
            parser.add_argument(
                "--daily-minutes",
                type=_daily_minutes,
                metavar="N",
                help="minutes of audio a day, 0: no limit (default: DAILY_MINUTES)",
            )


def _guild_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**63):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no server's id: in Discord, turn on developer mode and choose Copy "
            "Server ID"
        )
    return int(text)


def _daily_minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes <= _MOST_DAILY_MINUTES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of minutes from 0 (no limit) to {_MOST_DAILY_MINUTES:,}"
        )
    return minutes


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


def _doctor(arguments: argparse.Namespace) -> int:
    from bot.doctor.command import doctor  # noqa: PLC0415
    from bot.doctor.plan import DoctorOptions  # noqa: PLC0415

    options = DoctorOptions(
        json=arguments.json,
        spends=not arguments.no_spend,
        servers=tuple(arguments.server or ()),
        all_servers=arguments.servers,
    )
    return asyncio.run(doctor(options))


def _guilds(arguments: argparse.Namespace) -> int:
    from bot.hosting.guilds import Decision, run  # noqa: PLC0415
    from bot.settings import load_without_secrets  # noqa: PLC0415
    from bot.wall_clock import machine  # noqa: PLC0415

    decision = None
    if arguments.action is not None:
        decision = Decision(
            arguments.action, arguments.id, arguments.daily_minutes, arguments.in_advance
        )
    settings, today = load_without_secrets(), machine().date()
    said = asyncio.run(run(settings, today, decision, as_json=arguments.json))
    print(said)  # noqa: T201 - the answer to the command
    return 0


def _health(_: argparse.Namespace) -> int:
    from bot.settings import health_address  # noqa: PLC0415
    from bot.web.health import check  # noqa: PLC0415

    return check(*health_address())

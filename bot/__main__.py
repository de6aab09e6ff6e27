"""`python -m bot` is `parley`."""

import sys

from bot.process import interrupt


def main() -> int:
    """Run one command of the command line; the exit status."""
    interrupt.end_at_once()  # importing takes a moment, too
    from bot import cli  # noqa: PLC0415

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())

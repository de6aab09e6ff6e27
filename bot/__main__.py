"""`python -m bot` is `parley`."""

import sys

from bot import interrupt

interrupt.end_at_once()  # importing takes a moment, too

from bot.cli import main  # noqa: E402

sys.exit(main())

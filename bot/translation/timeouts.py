"""How long a conversation waits for what, and how much audio it keeps. All in seconds."""

from typing import Final

IDLE_S: Final = 60  # without speech, where LIVETRANSLATE_IDLE_SECONDS says nothing else
UNSENT_S: Final = 75.0  # audio kept while it can't be sent: the longest rest that we choose
KEPT_S: Final = 90.0  # audio kept until it is translated
BETWEEN_S: Final = 2.0  # of it, while no turn is open
TICK_S: Final = 0.1  # one chunk of silence
WATCH_S: Final = 1.0  # a look at a turn that only the service can end
MOST_LATE_S: Final = 1.0  # silence is caught up on by no more than this
SILENCE_S: Final = 3.0  # most silence fed after speech; gaps between deltas reach 2.3 s
OPENING_S: Final = 8.0  # handshake and session.updated
FINISHING_S: Final = 5.0  # session.finished
CLOSE_S: Final = 5.0  # the last events of a running turn
ROTATE_S: Final = 100 * 60.0  # the service's longest session is said to be 120 minutes

"""`parley run` around the bot: signals, exit status, and an end in order and in time."""

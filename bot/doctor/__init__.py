"""`parley doctor`: checks everything that the bot needs, and names the cure of what is wrong."""

"""From translated speech to Opus frames that discord.py sends."""

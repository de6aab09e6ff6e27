"""Whether the voice link works, and what moderators did to the bot's voice."""

"""Values that flow through the bot, and the ports (Protocols) between its parts."""

"""`make picture`: the text channel of a call as a member sees it in Discord, for the README."""

"""What Discord answers over HTTP, seen where discord.py hides it.

limits    rate limits, failures and the time
requests  how many were made, and refused, by route
"""

"""Conversations with LiveTranslate through the official SDK, and texts with Qwen-MT.

interpreter   checks a room's requests, lists languages, begins conversations
speech/       one speaker into one language: its life, its turns, what the room is told
connection/   one connection to the service, by the SDK
sockets, proxies  aiohttp's session for all connections; the proxy on the way
protocol/     the service's events and session settings as values; models, languages, voices, faults
quota/        what the account may do, divided among servers
text/         a text -> its translation
retry         how soon and how often to try again
timeouts      how long a conversation waits for what
ports         what a conversation needs of its connection

Nothing but connection/ and text/qwen_mt knows DashScope.
"""

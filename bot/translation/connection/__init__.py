"""One connection to the service: the SDK does the protocol, aiohttp the bytes.

sdk           OmniRealtimeConversation, opened on the event loop instead of by a thread
outlet        what the SDK takes for its websocket, over aiohttp's
link          one connection as a conversation sees it: a bounded queue, nothing left behind
current_link  which link is heard: one at a time
"""

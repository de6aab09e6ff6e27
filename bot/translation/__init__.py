"""Conversations with LiveTranslate through the official SDK.

interpreter     LiveTranslate: checks requests, lists languages, begins conversations
conversation    one speaker into one language: when to open, feed, finish, try again
  phase, limits the states it goes through; how long it waits for what
  backlog       the audio that is not translated yet
  turns, turn   the service's events -> what the room is told, sorted by utterance
  faults        what a failure means: try again, or stop and say why
  outage        how soon and how often to try again
  budget        connects per minute, shared by the process
  report, meter what the room is told, and what was used
  notices       sentences for the people
  ports         what it needs of a link
link            one connection: a thread while it connects, a bounded queue
  sdk           OmniRealtimeConversation with its faults cured
  wire          its socket on the event loop
  inbox, frame  bytes that come -> messages; speech -> bytes that go
parse, protocol a message of the service -> a value
dialect         session.update for each generation of models
models          what each model can do, with its languages and voices

Nothing but link and sdk knows threads, nothing but sdk knows DashScope, and nothing but sdk, wire
and frame its websocket library.
"""

"""Conversations with LiveTranslate through the official SDK.

interpreter     LiveTranslate: checks requests, lists languages, begins conversations
conversation    one speaker into one language: when to open, feed, finish, try again
  backlog       the audio that is not translated yet
  turns         the service's events -> what the room is told, by turn
  faults        what a failure means: try again, or stop and say why
  budget        connects per minute, shared by the process
link            one connection: two threads, a bounded queue
  sdk           OmniRealtimeConversation with its faults cured
dialect         session.update for each generation of models
parse           a message of the service -> a value of protocol
models          what each model can do; languages and voices are its tables

Nothing but sdk and link knows threads, and nothing but sdk knows DashScope.
"""

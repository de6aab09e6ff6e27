"""Conversations with LiveTranslate through the official SDK.

interpreter     LiveTranslate: checks requests, lists languages, begins conversations
conversation    one speaker into one language: when to open, feed, finish, try again
  ahead         conversations opened before their first word
  wishes        what its sessions are asked for; changes while one is open
  phase, limits the states it goes through; how long it waits for what
  pause         the silence after speech, fed until the turn is done
  untranslated, backlog  what is not translated yet; what of it is said again
  turns, turn   the service's events -> what the room is told, sorted by utterance
  echo          speech in the target language is not said again
  faults        what a failure means: try again, or stop and say why
  outage        how soon and how often to try again
  budget        connects per minute, shared by the process
  report, meter what the room is told, and what was used
  notices       sentences for the people
  ports         what it needs of a link
link            one connection: two threads, a bounded queue
  sdk           OmniRealtimeConversation with its faults cured
parse, protocol a message of the service -> a value
dialect         session.update for each generation of models
models          what each model can do, with its languages and voices

Nothing but link and sdk knows threads, and nothing but sdk knows DashScope.
"""

"""Conversations with LiveTranslate through the official SDK.

interpreter     LiveTranslate: checks requests, lists languages, begins conversations
conversation    one speaker into one language: when to open, feed, finish, try again
  alarm         one timer
  ahead         conversations opened before their first word
  wishes        what its sessions are asked for; changes while one is open
  phase, limits the states it goes through; how long it waits for what
  pause         the silence after speech, fed until the turn is done
  untranslated, backlog  what is not translated yet; what of it is said again
  turns, turn   the service's events -> what the room is told, sorted by utterance
  originals     whether their source text is worth waiting for
  echo          speech in the target language is not said again
  faults        what a failure means: try again, or stop and say why
  outage        how soon and how often to try again
  budget        what the account may do, divided among servers
    tenancy     a conversation's part in it
    quotas      each server's part of the limits
    connects    when the account may connect again
    tokens      those of the last minute, estimated and corrected
    fairness    who is next
    giving      whose link ends, or is lent, for another
    lending     an idle link that goes on to another speaker
  report, meter what the room is told, and what was used
    tally       each count of tokens once, whether counts are sums or not
  notices       sentences for the people
  ports         what it needs of a link
connection/     one connection: the SDK over aiohttp, a bounded queue, one heard at a time
sockets         aiohttp's session, which opens their websockets
  proxies       what is on the way to the service
parse, protocol a message of the service -> a value
intake          what of a session's messages is believed
bounds          the most of each thing that the service may send, with its reason
dialect         session.update for each generation of models, and how the SDK says it
models          what each model can do, with its languages and voices

writing         a text -> its translation, by Qwen-MT
desk, requests  which text goes out when, under the account's limits
  waiting       whose turn it is, and who goes along
  batching      several sentences in one request, and back to each

Nothing but connection, dialect and writing knows DashScope, nothing but sockets, connection and
writing knows aiohttp, and nothing knows threads.
"""

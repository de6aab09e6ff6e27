"""One speaker's live translation into one language: its life, its turns, what the room is told.

conversation      when to open, feed, finish and try again
prepared          conversations opened before their first word
session_settings  what the sessions are asked for; changes while one is open
phase             the states it goes through
pause             the silence after speech, fed until the turn is done
untranslated, backlog  what is not translated yet; what of it is said again
turns, turn       the service's events -> what the room is told, sorted by utterance
intake            what of a session's messages is believed
originals         whether their source text is worth waiting for
echo              speech in the target language is not said again
report, meter, tally  what the room is told, and what was used
notices           sentences for people
"""

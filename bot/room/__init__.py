"""One voice channel being translated. Knows ports and values only.

rooms           all rooms of this process, one per server
services        what all rooms use, in frozen groups
opening         builds a room: its board, then its voice link; a room that is starting
room            who is in it, what they say, what is shown; taken to another channel
speaker, roster one speaker and their conversations; all of them
presence        who is in the voice channel now
wishes, languages  what members say of themselves; languages chosen, and those people read
fan_out, text_language  which languages get conversations, which come from source text
captions, utterances, output  events -> captions, numbered by utterance, and voice
written         live subtitles, further languages, and what members type, read aloud too
spoken          what is read aloud: in whose voice, whose turn it is, and its echo
panel           the live panel
metering        the room's use of the daily minutes
saved_rooms     what is kept so that rooms come back after a restart
refusals, outages  why there is no room; what is said while a service is away
ending          how a room ends when nobody is left; how all of a process end
"""

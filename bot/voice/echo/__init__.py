"""Keeps the bot's own voice, returned by members' loudspeakers, from being taken for speech.

listener   between the voice link and the room
guard      what of one member's speech goes through
played     what the bot played, on the clock's timeline
coherence  whether the bot's voice is in a signal, and how late
canceller  takes it out, and finds speech of the member's own beside it
spectra    short spectra, there and back
"""

"""The voice in which a member's own translations are read aloud: chosen, imitated, or none."""

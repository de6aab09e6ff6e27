"""One speaker's live translation: its life, its turns, and what the room is told."""

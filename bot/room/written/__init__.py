"""What of a room is made in writing: further languages of speech, and what members type."""

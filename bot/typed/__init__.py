"""What people type: messages to be translated, and what they say by writing."""

"""What is said on the wire: server events, session settings, models, languages, voices, errors."""

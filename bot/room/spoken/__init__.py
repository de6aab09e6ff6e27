"""What is read aloud: which voice speaks whom, whose turn it is, and its echo."""

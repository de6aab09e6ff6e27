"""What can be done with a message: the commands in its context menu, and what they lead to."""

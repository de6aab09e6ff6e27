"""What the account may do, divided among servers, conversations and texts."""

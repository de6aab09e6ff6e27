"""What a caption looks like in Discord."""

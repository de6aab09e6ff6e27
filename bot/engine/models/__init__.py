"""What recognises, translates and speaks: models on this machine."""

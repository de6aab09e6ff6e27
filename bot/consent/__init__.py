"""Who may be heard: what people agreed to, what they were told, and who can read along."""

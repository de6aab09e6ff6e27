"""A room's page: what its readers see and hear, and the voices they ask for."""

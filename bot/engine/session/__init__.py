"""One session of the engine: settings, turns and responses."""

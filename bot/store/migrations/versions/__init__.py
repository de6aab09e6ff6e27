"""Each step of the schema's history, in order of its number."""

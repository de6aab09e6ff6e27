"""Small real parts with knobs, shared by tests."""

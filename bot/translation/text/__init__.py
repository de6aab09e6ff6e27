"""Text translation by Qwen-MT: what waits, what shares a request, and what it costs."""

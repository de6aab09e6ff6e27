"""Reads aloud what was typed: Qwen3-TTS over HTTP."""

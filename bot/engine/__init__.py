"""A local server that speaks the LiveTranslate realtime protocol."""

"""The Discord surface: parse, call one service, answer."""

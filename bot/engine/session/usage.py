"""Tokens as the service would count them."""

from dataclasses import dataclass, field

from bot.engine.catalogue import LiveModel
from bot.engine.ports import SPEECH_RATE, VOICE_RATE

_PROMPT_TOKENS = 20  # that the service counts for its own instructions
_LETTERS_A_TOKEN = 4


@dataclass(slots=True)
class TokenMeter:
    """Counts a session's tokens; from its begin or per response, as its model does."""

    model: LiveModel
    _sums: dict[str, int] = field(default_factory=dict)

    def response(self, heard: int, text: str, voice: int) -> dict[str, object]:
        """Return the usage for response.done.

        Args:
            heard: Samples of speech.
            text: The translation.
            voice: Samples of voice.
        """
        rate_in, rate_out = self.model.audio_tokens
        counts = {
            "text_in": _PROMPT_TOKENS,
            "audio_in": round(heard / SPEECH_RATE * rate_in),
            "text_out": -(-len(text) // _LETTERS_A_TOKEN),
            "audio_out": round(voice / VOICE_RATE * rate_out),
        }
        if self.model.usage_sums:
            counts = {key: value + self._sums.get(key, 0) for key, value in counts.items()}
            self._sums = counts
        tokens_in = counts["text_in"] + counts["audio_in"]
        tokens_out = counts["text_out"] + counts["audio_out"]
        return {
            "total_tokens": tokens_in + tokens_out,
            "input_tokens": tokens_in,
            "output_tokens": tokens_out,
            "input_tokens_details": {
                "text_tokens": counts["text_in"],
                "audio_tokens": counts["audio_in"],
            },
            "output_tokens_details": {
                "text_tokens": counts["text_out"],
                "audio_tokens": counts["audio_out"],
            },
        }

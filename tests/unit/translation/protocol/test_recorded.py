"""Messages in the order and the shape the service was seen to send them -> what stands there."""

import base64
from typing import Any

import pytest

from bot.domain.events import Caption, ConversationEvent, Member, Voice
from bot.room.captions import CaptionLine, Captions
from bot.translation.protocol.parse import parse
from bot.translation.speech.turns import SOURCE_WAIT_S, Turns

Message = dict[str, Any]
IDS = {"output_index": 0, "content_index": 0}
PCM = base64.b64encode(bytes(range(8))).decode()
CREATED: Message = {
    "object": "realtime.response",
    "conversation_id": "conv_1",
    "status": "in_progress",
    "modalities": ["text"],
    "output": [],
}


def started(at_ms: int, **item: str) -> Message:
    return {"type": "input_audio_buffer.speech_started", "audio_start_ms": at_ms, **item}


def stopped(at_ms: int) -> Message:
    return {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": at_ms}


def opened(response: str) -> list[Message]:
    """A response before its first text."""
    ids = {"response_id": response, "item_id": f"item_{response}", **IDS}
    item = {"id": f"item_{response}", "object": "realtime.item", "role": "assistant", "content": []}
    return [
        {"type": "response.created", "response": {"id": response, **CREATED}},
        {"type": "response.output_item.added", "response_id": response, "item": item},
        {"type": "response.content_part.added", **ids, "part": {"type": "text", "text": ""}},
    ]


def of(response: str, kind: str, **fields: str) -> Message:
    return {
        "type": f"response.{kind}",
        "response_id": response,
        "item_id": f"item_{response}",
        **IDS,
        **fields,
    }


def closed(response: str, text: str = "") -> list[Message]:
    """What follows a response's last text."""
    content = [{"type": "text", "text": text}] if text else []
    item = {"id": f"item_{response}", "status": "completed", "content": content}
    usage = {"total_tokens": 56, "input_tokens": 47, "output_tokens": 9}
    return [
        of(response, "content_part.done"),
        {"type": "response.output_item.done", "response_id": response, "item": item},
        {
            "type": "response.done",
            "response": {"id": response, "status": "completed", "output": [item], "usage": usage},
        },
    ]


def source(kind: str, item: str, **fields: Any) -> Message:
    return {
        "type": f"conversation.item.input_audio_transcription.{kind}",
        "item_id": item,
        "content_index": 0,
        **fields,
    }


NESTED_TEXT = [
    started(0, item_id="item_asr_1"),
    *opened("r1"),
    of("r1", "text.delta", delta="The weather"),
    of("r1", "text.delta", delta=" is lovely"),
    of("r1", "text.delta", delta=" today."),
    of("r1", "text.done", text="The weather is lovely today."),
    *closed("r1")[:2],
    stopped(8560),
    source("delta", "item_asr_1", delta="今天"),
    source("delta", "item_asr_1", delta="天气真好"),
    source("completed", "item_asr_1", transcript="今天天气真好。", language="zh", emotion=""),
    closed("r1")[2],
]
NESTED_EMPTY_DONE = [
    message | {"text": ""} if message["type"] == "response.text.done" else message
    for message in NESTED_TEXT
]
NESTED_VOICE = [
    started(0, item_id="item_asr_1"),
    *opened("r1"),
    of("r1", "audio_transcript.delta", delta="The weather is"),
    of("r1", "audio.delta", delta=PCM),
    of("r1", "audio_transcript.delta", delta=" lovely today."),
    of("r1", "audio.delta", delta=PCM),
    of("r1", "audio_transcript.done", transcript=""),
    of("r1", "audio.done"),
    stopped(8560),
    source("delta", "item_asr_1", delta="今天天气真好。"),
    source("completed", "item_asr_1", transcript="", language="zh"),
    *closed("r1"),
]
FLAT_TEXT = [
    started(1200),
    *opened("r1"),
    {
        "type": "conversation.item.created",
        "previous_item_id": "item_asr_1",
        "item": {"id": "item_r1", "object": "realtime.item", "status": "in_progress"},
    },
    source("text", "item_asr_1", text="", stash="今天天气", language="zh", emotion="neutral"),
    of("r1", "text.text", text="", stash="The weather"),
    of("r1", "text.text", text="The weather", stash=" is nice"),
    source("text", "item_asr_1", text="今天天气", stash="真好", language="zh", emotion="neutral"),
    of("r1", "text.text", text="The weather is", stash=" lovely today."),
    of("r1", "text.done", text="The weather is lovely today."),
    *closed("r1"),
    stopped(3400),
    source("completed", "item_asr_1", transcript="今天天气真好。", language="zh", emotion=""),
]
FLAT_EMPTY_DONE = [
    message | {"text": ""} if message["type"] == "response.text.done" else message
    for message in FLAT_TEXT
]
FLAT_VOICE = [
    started(1200),
    *opened("r1"),
    of("r1", "audio_transcript.text", text="The weather", stash=" was"),
    of("r1", "audio.delta", delta=PCM),
    of("r1", "audio_transcript.text", text="The weather is lovely", stash=" today."),
    of("r1", "audio.delta", delta=PCM),
    stopped(3400),
    of("r1", "audio_transcript.done", transcript="The weather is lovely today."),
    of("r1", "audio.done"),
    *closed("r1", "The weather is lovely today."),
    source("completed", "item_asr_1", transcript="今天天气真好。", language="zh"),
]
TWO_RESPONSES = [
    started(0, item_id="item_asr_1"),
    *opened("r1"),
    of("r1", "text.delta", delta="The weather"),
    of("r1", "text.done", text=""),
    *closed("r1"),
    *opened("r2"),
    of("r2", "text.delta", delta="is lovely today."),
    of("r2", "text.done", text=""),
    *closed("r2"),
    stopped(8560),
    source("completed", "item_asr_1", transcript="今天天气真好。", language="zh"),
]
TWO_RESPONSES_FLAT = [
    started(1200),
    *opened("r1"),
    of("r1", "text.text", text="", stash="The weather"),
    of("r1", "text.done", text="The weather"),
    *closed("r1"),
    *opened("r2"),
    of("r2", "text.text", text="is", stash=" lovely today."),
    of("r2", "text.done", text="is lovely today."),
    stopped(3400),
    source("completed", "item_asr_1", transcript="今天天气真好。", language="zh"),
    *closed("r2"),
]
ONLY_THE_END = [
    started(0),
    stopped(900),
    *opened("r1"),
    *closed("r1", "The weather is lovely today."),
    source("completed", "item_asr_1", transcript="今天天气真好。", language="zh"),
]
UNKNOWN_BETWEEN = [
    piece
    for message in NESTED_TEXT
    for piece in ({"type": "rate_limits.updated", "rate_limits": []}, message)
]


def told(messages: list[Message]) -> list[ConversationEvent]:
    turns = Turns("en", source_expected=True)
    said = [event for message in messages for event in turns.take(parse(message), 0.0)]
    return said + turns.advance(SOURCE_WAIT_S + 0.01, quiet_since=0.0)


def standing(events: list[ConversationEvent]) -> list[Caption]:
    captions = Captions()
    shown: dict[int, Caption] = {}
    for event in events:
        caption = captions.apply(CaptionLine(1, "en"), Member(1, "Ana"), event, 0.0)
        if caption is not None:
            shown[caption.key] = caption
    return list(shown.values())


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param(NESTED_TEXT, id="source after the translation"),
        pytest.param(NESTED_EMPTY_DONE, id="empty done, added text"),
        pytest.param(NESTED_VOICE, id="voice between added text, empty ends"),
        pytest.param(FLAT_TEXT, id="source before the translation"),
        pytest.param(FLAT_EMPTY_DONE, id="empty done, replaced text"),
        pytest.param(FLAT_VOICE, id="voice between replaced text"),
        pytest.param(TWO_RESPONSES, id="two responses, added text"),
        pytest.param(TWO_RESPONSES_FLAT, id="two responses, replaced text"),
        pytest.param(ONLY_THE_END, id="nothing but the end"),
        pytest.param(UNKNOWN_BETWEEN, id="unknown messages between"),
    ],
)
def test_one_utterance_is_one_caption_with_its_original(messages: list[Message]) -> None:
    (caption,) = standing(told(messages))
    assert caption.text == "The weather is lovely today."
    assert (caption.source_text, caption.source_language) == ("今天天气真好。", "zh")
    assert caption.final


@pytest.mark.parametrize("messages", [NESTED_VOICE, FLAT_VOICE])
def test_the_voice_is_heard_whole(messages: list[Message]) -> None:
    pcm = b"".join(event.pcm for event in told(messages) if isinstance(event, Voice))
    assert pcm == bytes(range(8)) * 2


@pytest.mark.parametrize("messages", [NESTED_TEXT, FLAT_TEXT, NESTED_VOICE, FLAT_VOICE])
def test_the_next_utterance_is_a_caption_of_its_own(messages: list[Message]) -> None:
    again = [_renamed(message) for message in messages]
    assert [caption.text for caption in standing(told([*messages, *again]))] == [
        "The weather is lovely today."
    ] * 2


def _renamed(value: Any) -> Any:
    """The same message of the next response and item."""
    if isinstance(value, dict):
        return {key: _renamed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner) for inner in value]
    named = {"r1": "r9", "item_r1": "item_r9", "item_asr_1": "item_asr_9"}
    return named.get(value, value) if isinstance(value, str) else value

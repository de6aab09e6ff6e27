import base64
import json

import pytest
import websocket

from bot.translation.frame import Masks, SpeechEvents, SpeechFrame

KEY = b"\x0f\xa0\x00\xff"


@pytest.mark.parametrize("size", [0, 8, 120, 128, 4_000, 4_376, 65_528, 65_536])
def test_a_frame_is_the_library_s_own_byte_for_byte(size: int) -> None:
    text = bytes(32 + number % 90 for number in range(size))
    ours = SpeechFrame(text, Masks())
    theirs = websocket.ABNF.create_frame(text, websocket.ABNF.OPCODE_TEXT)
    ours.get_mask_key = theirs.get_mask_key = lambda _: KEY
    assert ours.format() == theirs.format()


def test_masks_are_not_repeated() -> None:
    frame = SpeechFrame(b"the same text.. ", Masks())
    assert len({frame.format() for _ in range(1_000)}) == 1_000


def test_an_event_is_json_under_an_id_of_its_own() -> None:
    connections = [SpeechEvents(), SpeechEvents()]
    audio = base64.b64encode(b"\x01\x02" * 1_600)
    events = [json.loads(events.append(audio).data) for _ in range(1_000) for events in connections]
    assert len({event["event_id"] for event in events}) == 2_000
    assert all(len(event["event_id"]) == len("event_") + 32 for event in events)
    assert {event["type"] for event in events} == {"input_audio_buffer.append"}
    assert {event["audio"] for event in events} == {audio.decode()}


@pytest.mark.parametrize("size", range(16))
def test_audio_of_any_length_makes_a_frame(size: int) -> None:
    audio = base64.b64encode(bytes(size))
    event = SpeechEvents().append(audio)
    assert json.loads(event.data)["audio"] == audio.decode()
    assert len(event.format()) == len(event.data) + 4 + (2 if len(event.data) < 126 else 4)

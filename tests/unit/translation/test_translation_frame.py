import base64
import json

import pytest
import websocket

from bot.translation.frame import SpeechEvents, SpeechFrame

KEY = b"\x0f\xa0\x00\xff"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 4_369, 65_535, 65_536])
def test_a_frame_is_the_library_s_own_byte_for_byte(size: int) -> None:
    text = bytes(32 + number % 90 for number in range(size))
    ours = SpeechFrame(text)
    theirs = websocket.ABNF.create_frame(text, websocket.ABNF.OPCODE_TEXT)
    ours.get_mask_key = theirs.get_mask_key = lambda _: KEY
    assert ours.format() == theirs.format()


def test_masks_are_not_repeated() -> None:
    frame = SpeechFrame(b"the same text")
    assert len({frame.format() for _ in range(100)}) == 100


def test_an_event_is_json_under_an_id_of_its_own() -> None:
    connections = [SpeechEvents(), SpeechEvents()]
    audio = base64.b64encode(b"\x01\x02" * 1_600)
    events = [json.loads(events.append(audio).data) for _ in range(1_000) for events in connections]
    assert len({event["event_id"] for event in events}) == 2_000
    assert all(len(event["event_id"]) == len("event_") + 32 for event in events)
    assert {event["type"] for event in events} == {"input_audio_buffer.append"}
    assert {event["audio"] for event in events} == {audio.decode()}

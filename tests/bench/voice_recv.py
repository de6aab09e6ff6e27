"""discord-ext-voice-recv 0.5 with DAVE added, and audioop to 16 kHz mono, as bots do it.

Its own parts do the work: header, XChaCha20 (it knows no AES-GCM), jitter buffer, router, Opus at
48 kHz stereo. Its router's thread is left out and its loop run in place, which saves it the
switches of threads; what it hears goes the same way into frames as ours.
"""

import audioop
import warnings
from types import SimpleNamespace
from typing import Any

import davey

from tests.bench.frames import Frames, Lean
from tests.bench.measure import Cost, cpu_s, settle
from tests.bench.scene import FIRST_SSRC, TRANSPORT_KEY, Scene

MODE = "aead_xchacha20_poly1305_rtpsize"


def saturated(scene: Scene) -> Cost:
    """All packets, as fast as they are heard."""
    from discord.ext import voice_recv  # noqa: PLC0415 - of the group bench
    from discord.ext.voice_recv import rtp  # noqa: PLC0415
    from discord.ext.voice_recv.reader import AudioReader  # noqa: PLC0415

    members = {user: SimpleNamespace(id=user) for user in scene.users}
    ids = {FIRST_SSRC + index: user for index, user in enumerate(scene.users)}
    frames = {user: Frames(Lean()) for user in scene.users}
    states: dict[int, Any] = dict.fromkeys(scene.users)
    heard = 0

    class Sink(voice_recv.AudioSink):  # type: ignore[misc]  # no type information
        def wants_opus(self) -> bool:
            return False

        def write(self, user: Any, data: Any) -> None:
            nonlocal heard
            mono = audioop.tomono(data.pcm, 2, 0.5, 0.5)
            pcm, states[user.id] = audioop.ratecv(mono, 2, 1, 48_000, 16_000, states[user.id])
            frames[user.id].feed(pcm)
            heard += 1

        def cleanup(self) -> None: ...

    client = SimpleNamespace(
        mode=MODE,
        secret_key=list(TRANSPORT_KEY),
        guild=SimpleNamespace(get_member=members.get),
        client=SimpleNamespace(get_user=members.get),
        _ssrc_to_id=ids,
        _get_id_from_ssrc=ids.get,
        dispatch_sink=lambda *_: None,
    )
    reader = AudioReader(Sink(), client)
    router, decryptor, session = reader.packet_router, reader.decryptor, scene.session
    settle()
    before = cpu_s()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for datagram in scene.peer_datagrams:
            packet = rtp.decode_rtp(datagram)
            opened = decryptor.decrypt_rtp(packet)
            packet.decrypted_data = session.decrypt(ids[packet.ssrc], davey.MediaType.audio, opened)
            reader.speaking_timer.notify(packet.ssrc)
            router.feed_rtp(packet)
            for decoder in router.waiter.items:
                data = decoder.pop_data()
                if data is not None:
                    router.sink.write(data.source, data)
    cost = Cost(cpu_s() - before, len(scene.peer_datagrams))
    # Its buffer keeps the last packet of each member back.
    if heard < len(scene.peer_datagrams) - 2 * len(scene.users):
        raise RuntimeError(f"voice-recv heard {heard} of {len(scene.peer_datagrams)} packets.")
    return cost

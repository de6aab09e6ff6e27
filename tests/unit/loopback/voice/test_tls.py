"""The certificate of the voice endpoint."""

import datetime as dt
import ssl
from pathlib import Path

from cryptography import x509

from bot.loopback.voice import tls


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A TLS handshake in memory; raises what the client raises."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = server.wrap_bio(up, down, server_side=True)
    here = client.wrap_bio(down, up, server_hostname=name)
    for _ in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert here.version() is not None


def test_it_is_trusted_by_its_authority_for_this_machine(tmp_path: Path) -> None:
    server, ca_file = tls.make(tmp_path)
    client = ssl.create_default_context(cafile=ca_file)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("127.0.0.1", "localhost"):
        handshake(server, client, name)


def test_only_the_authority_stays_on_disk_and_it_is_valid_now(tmp_path: Path) -> None:
    _, ca_file = tls.make(tmp_path)
    assert list(tmp_path.iterdir()) == [ca_file]
    authority = x509.load_pem_x509_certificate(ca_file.read_bytes())
    now = dt.datetime.now(dt.UTC)
    assert authority.not_valid_before_utc < now < authority.not_valid_after_utc

"""Transport encryption between a client and the voice server: one key, either of two AEADs.

In the modes "rtpsize" the header is authenticated and not encrypted, and a datagram ends with the
four bytes of the nonce that count up. Source: Discord's documentation, "Voice Connections".
"""

import struct

import nacl.exceptions
import nacl.secret
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import MalformedError

AES = "aead_aes256_gcm_rtpsize"
XCHACHA = "aead_xchacha20_poly1305_rtpsize"
MODES = (AES, XCHACHA)  # in the order of the server's preference
KEY_BYTES = 32

_NONCE = 4
_TAG = 16


class Transport:
    """Seals datagrams for one client and opens its.

    Args:
        mode: One of MODES.
        key: 32 bytes.
    """

    def __init__(self, mode: str, key: bytes) -> None:
        self._aes = AESGCM(key) if mode == AES else None
        self._xchacha = nacl.secret.Aead(key)
        self._sent = 0

    def seal(self, header: bytes, body: bytes) -> bytes:
        """Return the datagram with this plain header; each has a nonce one higher."""
        self._sent = (self._sent + 1) & 0xFFFF_FFFF
        nonce = struct.pack(">I", self._sent)
        if self._aes is not None:
            sealed = self._aes.encrypt(nonce + bytes(8), body, header)
        else:
            sealed = self._xchacha.encrypt(body, header, nonce + bytes(20)).ciphertext
        return header + sealed + nonce

    def open(self, datagram: bytes, header_size: int) -> bytes:
        """Return the decrypted part behind the header.

        Raises:
            MalformedError: It is too short, or was not made with the key.
        """
        if len(datagram) < header_size + _TAG + _NONCE:
            raise MalformedError("UDP: the packet is too short to be encrypted.")
        header, sealed = datagram[:header_size], datagram[header_size:-_NONCE]
        nonce = datagram[-_NONCE:]
        try:
            if self._aes is not None:
                return self._aes.decrypt(nonce + bytes(8), sealed, header)
            return self._xchacha.decrypt(sealed, header, nonce + bytes(20))
        except (InvalidTag, nacl.exceptions.CryptoError) as error:
            raise MalformedError("UDP: the packet can't be authenticated.") from error

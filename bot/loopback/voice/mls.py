"""The bytes of Messaging Layer Security (RFC 9420) that a voice gateway reads and writes.

A gateway holds no secret of the group. It signs proposals as the group's external sender, reads
from a commit which proposals it covers and where the Welcome behind it starts, and cuts a Welcome
down to the one joiner it is for. Section numbers below are of RFC 9420.
"""

import hashlib
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.errors import MalformedError

_MLS10 = 1
_SUITE = 2  # MLS_128_DHKEMP256_AES128GCM_SHA256_P256, the one of DAVE version 1
_BASIC_CREDENTIAL = 1
_PUBLIC_MESSAGE = 1
_SENDER_MEMBER, _SENDER_EXTERNAL = 1, 2
_CONTENT_PROPOSAL, _CONTENT_COMMIT = 2, 3
_PROPOSAL_ADD, _PROPOSAL_REMOVE = 1, 3
_BY_REFERENCE = 2
_LEAF_OF_KEY_PACKAGE, _LEAF_OF_UPDATE, _LEAF_OF_COMMIT = 1, 2, 3
_USER_ID_BYTES = 8


def vector(value: bytes) -> bytes:
    """Return a variable-size vector: its length as a varint (2.1.2), then itself."""
    size = len(value)
    if size < 1 << 6:
        return bytes([size]) + value
    if size < 1 << 14:
        return struct.pack(">H", size | 0x4000) + value
    return struct.pack(">I", size | 0x8000_0000) + value


class MlsReader:
    """Reads the presentation language of RFC 9420, section 2, from front to back.

    Every method raises MalformedError when the bytes end early.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left to read."""
        return self.at == len(self._data)

    def take(self, size: int) -> bytes:
        """Read the next `size` bytes."""
        if size > len(self._data) - self.at:
            raise MalformedError("MLS: the message ends early.")
        start, self.at = self.at, self.at + size
        return self._data[start : self.at]

    def number(self, size: int) -> int:
        """Read an unsigned integer of `size` bytes, big-endian."""
        return int.from_bytes(self.take(size), "big")

    def vector(self) -> bytes:
        """Read a variable-size vector, whose length must be written in the fewest bytes."""
        first = self.number(1)
        width = 1 << (first >> 6)
        if width == 8:  # a width of RFC 9000 that MLS leaves out
            raise MalformedError("MLS: a vector's length has an unknown form.")
        size = int.from_bytes(bytes([first & 0x3F]) + self.take(width - 1), "big")
        if (width == 2 and size < 1 << 6) or (width == 4 and size < 1 << 14):
            raise MalformedError("MLS: a vector's length is longer than it need be.")
        return self.take(size)

    def end(self) -> None:
        """Refuse what is left."""
        if not self.done:
            raise MalformedError("MLS: bytes follow where the message should end.")


def _leaf_node(reader: MlsReader) -> int:
    """Read a LeafNode (7.2) and return its user id."""
    reader.vector()  # encryption key
    reader.vector()  # signature key
    if reader.number(2) != _BASIC_CREDENTIAL:
        raise MalformedError("MLS: the credential is not a basic one.")
    identity = reader.vector()
    if len(identity) != _USER_ID_BYTES:
        raise MalformedError("MLS: the identity is not a user id of 8 bytes.")
    for _ in range(5):  # capabilities: versions, suites, extensions, proposals, credentials
        reader.vector()
    source = reader.number(1)
    if source == _LEAF_OF_KEY_PACKAGE:
        reader.take(16)  # not before, not after
    elif source == _LEAF_OF_COMMIT:
        reader.vector()  # parent hash
    elif source != _LEAF_OF_UPDATE:
        raise MalformedError("MLS: a leaf node has an unknown source.")
    reader.vector()  # extensions
    reader.vector()  # signature
    return int.from_bytes(identity, "big")


def key_package_user(key_package: bytes) -> int:
    """Return whose KeyPackage (10) this is: the user id in its credential.

    Raises:
        MalformedError: It is not one of DAVE version 1.
    """
    reader = MlsReader(key_package)
    if (reader.number(2), reader.number(2)) != (_MLS10, _SUITE):
        raise MalformedError("MLS: the key package has another version or cipher suite.")
    reader.vector()  # init key
    user_id = _leaf_node(reader)
    reader.vector()  # extensions
    reader.vector()  # signature
    reader.end()
    return user_id


@dataclass(frozen=True, slots=True)
class Commit:
    """What the gateway reads of a commit.

    Attributes:
        epoch: The epoch it ends.
        leaf: The committer's place in the tree.
        references: The proposals it covers, in its order.
        message: The MLSMessage with the commit.
        welcome: The Welcome that followed; None when nobody is added.
    """

    epoch: int
    leaf: int
    references: tuple[bytes, ...]
    message: bytes
    welcome: bytes | None


def parse_commit_welcome(body: bytes) -> Commit:
    """Parse the body of op 28: an MLSMessage with a commit as PublicMessage, maybe a Welcome.

    Raises:
        MalformedError: It is anything else.
    """
    reader = MlsReader(body)
    if (reader.number(2), reader.number(2)) != (_MLS10, _PUBLIC_MESSAGE):
        raise MalformedError("MLS: the commit is not a PublicMessage of MLS 1.0.")
    reader.vector()  # group id
    epoch = reader.number(8)
    if reader.number(1) != _SENDER_MEMBER:
        raise MalformedError("MLS: the commit is not from a member.")
    leaf = reader.number(4)
    reader.vector()  # authenticated data
    if reader.number(1) != _CONTENT_COMMIT:
        raise MalformedError("MLS: the message is not a commit.")
    references = []
    proposals = MlsReader(reader.vector())
    while not proposals.done:
        if proposals.number(1) != _BY_REFERENCE:
            raise MalformedError("MLS: the commit has a proposal of the member's own.")
        references.append(proposals.vector())
    has_path = reader.number(1)
    if has_path == 1:
        _leaf_node(reader)
        reader.vector()  # the nodes of the update path
    elif has_path:
        raise MalformedError("MLS: an optional value is neither there nor absent.")
    for _ in range(3):  # signature, confirmation tag, membership tag
        reader.vector()
    welcome = body[reader.at :] or None
    return Commit(epoch, leaf, tuple(references), body[: reader.at], welcome)


def welcome_for(welcome: bytes, key_package: bytes) -> bytes:
    """Return a Welcome (12.4.3.1) with the secrets for one joiner only, as in op 30.

    Raises:
        MalformedError: It is not a Welcome, or has no secrets for that key package.
    """
    wanted = _reference(b"MLS 1.0 KeyPackage Reference", key_package)
    reader = MlsReader(welcome)
    suite = reader.take(2)
    listed = reader.vector()
    rest = welcome[reader.at :]
    reader.vector()  # encrypted group info
    reader.end()
    secrets, kept = MlsReader(listed), b""
    while not secrets.done:
        start = secrets.at
        whose = secrets.vector()
        secrets.vector()  # key exchange output
        secrets.vector()  # encrypted secrets
        if whose == wanted:
            kept = listed[start : secrets.at]
    if not kept:
        raise MalformedError("MLS: the welcome has no secrets for a member that was added.")
    return suite + vector(kept) + rest


def _reference(label: bytes, value: bytes) -> bytes:
    """Return the RefHash (5.2) of a value."""
    return hashlib.sha256(vector(label) + vector(value)).digest()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A signed proposal: the MLSMessage, and the reference by which commits name it."""

    message: bytes
    reference: bytes


class ExternalSender:
    """Signs proposals for a group that it is not in (12.1.8).

    Args:
        group_id: The voice channel's id, which is the group's.
    """

    def __init__(self, group_id: int) -> None:
        self._group_id = group_id.to_bytes(_USER_ID_BYTES, "big")
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        credential = struct.pack(">H", _BASIC_CREDENTIAL) + vector(b"loopback")
        self.package = vector(public) + credential
        """The body of op 25."""

    def add(self, epoch: int, key_package: bytes) -> Proposal:
        """Propose to add whose key package this is."""
        return self._sign(epoch, struct.pack(">H", _PROPOSAL_ADD) + key_package)

    def remove(self, epoch: int, leaf: int) -> Proposal:
        """Propose to remove the member at this place of the tree."""
        return self._sign(epoch, struct.pack(">HI", _PROPOSAL_REMOVE, leaf))

    def _sign(self, epoch: int, proposal: bytes) -> Proposal:
        content = (
            vector(self._group_id)
            + struct.pack(">QBI", epoch, _SENDER_EXTERNAL, 0)  # the first external sender
            + vector(b"")  # authenticated data
            + bytes([_CONTENT_PROPOSAL])
            + proposal
        )
        head = struct.pack(">HH", _MLS10, _PUBLIC_MESSAGE)
        # 6.1: what an external sender signs has no group context.
        signed = vector(b"MLS 1.0 FramedContentTBS") + vector(head + content)
        signature = vector(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
        authenticated = struct.pack(">H", _PUBLIC_MESSAGE) + content + signature
        return Proposal(
            message=head + content + signature,
            reference=_reference(b"MLS 1.0 Proposal Reference", authenticated),
        )


def append_body(proposal: Proposal) -> bytes:
    """Return the body of op 27 that puts a proposal in."""
    return b"\x00" + vector(proposal.message)


def revoke_body(references: list[bytes]) -> bytes:
    """Return the body of op 27 that takes proposals back."""
    return b"\x01" + vector(b"".join(map(vector, references)))

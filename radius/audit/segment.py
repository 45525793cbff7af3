"""A journal segment on disk: its name, its records, and what links and seals them.

A segment is one plain file, `<writer>.<number>.journal`, written by one worker and only ever appended to. A writer is one
incarnation of a worker, so its first record links to nothing and it never has to read before it writes. A record is

    magic 4 | sequence 8 | length of the sealed octets 4 | previous hash 32 | sealed octets

    sealed = AES-256-GCM(key of this writer, nonce = sequence, msgpack array of events, AAD = writer, sequence, previous hash)
    hash   = SHA-256(length of writer 2 | writer | sequence 8 | previous hash 32 | sealed), the next record's previous hash

The key of a writer is derived from the node's journal key, so the sequence is a nonce that cannot repeat (NIST SP 800-38D
section 8.2.1). Why a plain file and not SQLite is in docs/adr/0005-audit-evidence.md.
"""

import fcntl
import os
import re
import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from radius.audit.events import Event

GENESIS = bytes(32)
SUFFIX = ".journal"
BROKEN = ".broken"
HEADER = struct.Struct(">4sQI32s")
MAGIC = b"KJ1\n"
MAX_SEALED = 64 * 1024 * 1024
_NAME = re.compile(r"(?P<writer>[a-z0-9][a-z0-9.-]*)\.(?P<number>\d{8})\.journal")


class BrokenJournal(Exception):  # noqa: N818 - what it says, not whose error
    """A record does not hold: `what` says how. Everything before it has been handed out."""

    def __init__(self, sequence: int, what: str) -> None:
        super().__init__(f"record {sequence}: {what}")
        self.sequence = sequence
        self.what = what


class Record(msgspec.Struct, frozen=True):
    """One group of events as it lies in the file; `end` is the offset just behind it."""

    sequence: int
    previous: bytes
    sealed: bytes
    end: int


class WriterSeal:
    """Seals, opens and links one writer's groups."""

    def __init__(self, key: bytes, writer: str) -> None:
        name = writer.encode()
        self._cipher = AESGCM(HKDF(SHA256(), 32, None, b"kapija journal " + name).derive(key))
        self._prefix = len(name).to_bytes(2, "big") + name

    def seal(self, sequence: int, previous: bytes, octets: bytes) -> bytes:
        """`octets` sealed as this writer's group number `sequence`."""
        return self._cipher.encrypt(sequence.to_bytes(12, "big"), octets, self._bound(sequence, previous))

    def open(self, sequence: int, previous: bytes, sealed: bytes) -> bytes:
        """The inverse of `seal`. Raises BrokenJournal when the seal does not hold."""
        try:
            return self._cipher.decrypt(sequence.to_bytes(12, "big"), sealed, self._bound(sequence, previous))
        except InvalidTag:
            raise BrokenJournal(sequence, "the seal does not hold") from None

    def link(self, sequence: int, previous: bytes, sealed: bytes) -> bytes:
        """The hash that the next group refers to."""
        return sha256(self._bound(sequence, previous) + sealed).digest()

    def _bound(self, sequence: int, previous: bytes) -> bytes:
        return self._prefix + sequence.to_bytes(8, "big") + previous


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Event])


def encode_events(events: list[Event]) -> bytes:
    """A group in one call: 0.15-0.35 us an event."""
    return _encoder.encode(events)


def decode_events(octets: bytes) -> list[Event]:
    """The inverse. Raises msgspec.DecodeError for a journal of a later release that this one does not know."""
    return _decoder.decode(octets)


def segment_name(writer: str, number: int) -> str:
    """The file name of a writer's segment."""
    return f"{writer}.{number:08d}{SUFFIX}"


def parse_name(name: str) -> tuple[str, int] | None:
    """(writer, number) of a segment's file name, None for any other file."""
    match = _NAME.fullmatch(name)
    return (match["writer"], int(match["number"])) if match else None


def segments(directory: Path) -> dict[str, list[Path]]:
    """The segments of every writer, each writer's in order, writers by name (which begins with node and worker)."""
    found: dict[str, list[Path]] = {}
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        parsed = parse_name(path.name)
        if parsed:
            found.setdefault(parsed[0], []).append(path)
    return found


def read_records(path: Path, offset: int) -> Iterator[Record]:
    """The complete records of a segment from `offset` on.

    Stops silently where the file ends inside a record or only zeros follow: that group never became durable (its flush
    did not return), or its writer is just writing it. Raises BrokenJournal for octets that no writer leaves there.
    """
    with path.open("rb") as file:
        file.seek(offset)
        while len(head := file.read(HEADER.size)) == HEADER.size:
            magic, sequence, length, previous = HEADER.unpack(head)
            if magic != MAGIC or length > MAX_SEALED:
                if not any(head) and not any(file.read()):
                    return  # the file system had given the file its length, and not yet its octets, when the power went
                raise BrokenJournal(sequence, f"octet {offset} of {path.name} does not begin a record")
            sealed = file.read(length)
            if len(sealed) < length:
                return
            offset += HEADER.size + length
            yield Record(sequence, previous, sealed, offset)


def is_open(path: Path) -> bool:
    """Whether the segment's writer lives and still has it open: it holds a lock that even kill -9 releases."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)

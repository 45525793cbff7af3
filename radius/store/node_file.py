"""The node file: everything a worker looks up, in one LMDB file that all workers of a node map and only the housekeeper writes.

In its database `records` the first octet of a key says what it is (`Kind`), then comes the name in UTF-8:

    u ana                  PersonRecord          c 192.0.2.1            ClientRecord of one address
    d 02-00-00-00-05-01    DeviceRecord          n 10.20.0.0/16         ClientRecord of a network
    s os-vuk               SchoolRecord          l 192.0.2.1            the address has learned Message-Authenticator
    o os-vuk               PolicyRecord          k seal                 a data key, wrapped
    e ad-skola             DirectoryRecord
    # <kind> <number>      a change note: msgpack [generation, name]
    ! <word>               marks: generation, installation, carried ...

People stand last, so that those who come in the order of their names are appended, and pages are packed full. Its database
`rows`, which only the writer reads, has under <kind> <SQL id> the key under which that row stands, so that a renamed row
leaves nothing behind; apart from the records, because it too grows at its end.

Views. `person` and the others look into the view that `refresh` took, at 0.4 us for the octets; without one each look-up
takes a view of its own (0.7 us, always the newest). A view keeps the pages that it sees from being reused, so a server
calls `refresh` from its tick, at most every 100 ms, and `release` when it goes idle; a stopped worker costs disk, never a
wrong answer. Threads may share a NodeFile: replacing the view only drops a reference, and whoever is still inside the old
one keeps it alive.

Fork. LMDB's locks and reader slots belong to the process (http://www.lmdb.tech/doc/, 'Caveats'): open after fork, once a
process. A process that also writes takes its reader from the writer (`NodeWriter.reader`).
"""

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import lmdb
import msgspec
from msgspec import Struct

from radius.errors import OperatorError, ServiceError
from radius.store.records import ClientRecord, DeviceRecord, DirectoryRecord, PersonRecord, PolicyRecord, SchoolRecord

MAP_SIZE = 4 << 30  # address space, not disk; 30 times what 850,000 people take, and it grows when that is not enough
MAX_READERS = 510  # one slot a view: workers, their directory threads, the portal, commands
RECORDS, ROWS = b"records", b"rows"
MAX_NAME = 480  # octets; LMDB keys end at 511

Record = TypeVar("Record")


class Kind(StrEnum):
    """The kinds of things that workers look up; the value is the first octet of their keys."""

    PERSON = "u"
    DEVICE = "d"
    CLIENT = "c"
    NETWORK = "n"
    SCHOOL = "s"
    DIRECTORY = "e"
    POLICY = "o"
    LEARNED = "l"
    KEY = "k"


class NodeFileUnusable(OperatorError):  # noqa: N818
    """The node file is missing, damaged or not accessible. It holds nothing that SQL does not have."""


class NodeFileClosed(ServiceError):  # noqa: N818
    """A look-up in a node file that was closed, or that was opened before a fork."""


class Changes(Struct, frozen=True):
    """What changed after a generation: single things by kind and name, and kinds of which everything may have changed.

    `generation` is the one to ask from next time.
    """

    generation: int
    named: frozenset[tuple[Kind, str]]
    whole: frozenset[Kind]

    def __bool__(self) -> bool:
        return bool(self.named or self.whole)

    @property
    def everything(self) -> bool:
        """The file was filled anew or from another database: throw every snapshot away."""
        return len(self.whole) == len(Kind)

    def of(self, kind: Kind) -> frozenset[str] | None:
        """The names of one kind that changed; None when all of that kind must be read again."""
        return None if kind in self.whole else frozenset(name for each, name in self.named if each is kind)


_PERSON = msgspec.msgpack.Decoder(PersonRecord)
_DEVICE = msgspec.msgpack.Decoder(DeviceRecord)
_CLIENT = msgspec.msgpack.Decoder(ClientRecord)
_SCHOOL = msgspec.msgpack.Decoder(SchoolRecord)
_DIRECTORY = msgspec.msgpack.Decoder(DirectoryRecord)
_POLICY = msgspec.msgpack.Decoder(PolicyRecord)
NOTE = msgspec.msgpack.Decoder(tuple[int, str])


def record_key(kind: Kind, name: str) -> bytes:
    """The key of a thing. Raises ValueError for a name that no key can hold."""
    key = (kind + name).encode()
    if not 1 < len(key) <= MAX_NAME:
        raise ValueError(f"a name of {len(key) - 1} octets cannot be looked up (1 to {MAX_NAME - 1})")
    return key


def client_kind(network: str) -> Kind:
    """Whether a client's canonical `network` text is an address of its own or a network."""
    return Kind.NETWORK if "/" in network else Kind.CLIENT


def note_prefix(kind: Kind) -> bytes:
    """What the change notes of a kind begin with; eight octets of number follow."""
    return b"#" + kind.encode()


def integer(octets: bytes | None) -> int:
    """A number as marks hold it; 0 when there is none."""
    return int.from_bytes(octets, "big") if octets else 0


class NodeFile:
    """The node file as workers read it."""

    def __init__(self, environment: lmdb.Environment, path: Path) -> None:
        """Use `open`, or `NodeWriter.reader` in a process that writes."""
        self._environment = environment
        self._path = path
        self._process = os.getpid()
        self._records = environment.open_db(RECORDS, create=False)
        self._view: lmdb.Transaction[bytes] | None = None

    @classmethod
    def open(cls, path: Path) -> "NodeFile":
        """Map `path` for reading. Raises NodeFileUnusable with the mend when it is not there or not readable."""
        missing = NodeFileUnusable(f"{path} does not exist yet: start 'kapija serve', which fills it from the database")
        if not path.exists():
            raise missing
        environment = open_environment(path, readonly=True, map_size=MAP_SIZE)
        try:
            return cls(environment, path)
        except (lmdb.NotFoundError, lmdb.ReadonlyError):  # made this instant; its writer has not come further
            environment.close()
            raise missing from None

    def close(self) -> None:
        """Unmap the file."""
        self._view = None
        self._environment.close()

    def refresh(self) -> None:
        """Take a new view: look-ups see what is committed now, and no later change until the next call. 0.7 us.

        Raises NodeFileClosed in a process other than the one that opened the file.
        """
        if os.getpid() != self._process:
            raise NodeFileClosed("the node file was opened before a fork: open it in the process that reads it")
        self._view = None
        self._view = self._begin()

    def release(self) -> None:
        """Drop the view: each look-up takes its own again, and no pages are kept."""
        self._view = None

    def person(self, username: str) -> PersonRecord | None:
        """The person with this username, in its stored (RFC 8265) form."""
        octets = self.octets(b"u" + username.encode())
        return None if octets is None else _PERSON.decode(octets)

    def device(self, mac: str) -> DeviceRecord | None:
        """The registered device with this address, in RFC 3580's spelling."""
        octets = self.octets(b"d" + mac.encode())
        return None if octets is None else _DEVICE.decode(octets)

    def client(self, network: str) -> ClientRecord | None:
        """The client that is exactly this address ("192.0.2.1") or network ("10.20.0.0/16"), in canonical text."""
        octets = self.octets((client_kind(network) + network).encode())
        return None if octets is None else _CLIENT.decode(octets)

    def networks(self) -> list[ClientRecord]:
        """The clients that are networks and not one address."""
        return [_CLIENT.decode(octets) for _, octets in self._each(b"n")]

    def clients(self) -> Iterator[ClientRecord]:
        """The clients that are one address each."""
        return (_CLIENT.decode(octets) for _, octets in self._each(b"c"))

    def school(self, name: str) -> SchoolRecord | None:
        """The school with this short name."""
        octets = self.octets(b"s" + name.encode())
        return None if octets is None else _SCHOOL.decode(octets)

    def schools(self) -> Iterator[SchoolRecord]:
        """Every school."""
        return (_SCHOOL.decode(octets) for _, octets in self._each(b"s"))

    def directories(self) -> list[DirectoryRecord]:
        """The external directories that are asked, by name; disabled ones are not here."""
        return [_DIRECTORY.decode(octets) for _, octets in self._each(b"e")]

    def policy(self, scope: str) -> PolicyRecord | None:
        """The policy in force in this scope."""
        octets = self.octets(b"o" + scope.encode())
        return None if octets is None else _POLICY.decode(octets)

    def policies(self) -> Iterator[PolicyRecord]:
        """The policies in force."""
        return (_POLICY.decode(octets) for _, octets in self._each(b"o"))

    def is_learned(self, address: str) -> bool:
        """Whether this source address has sent a verified Message-Authenticator, and so must from then on."""
        return self.octets(b"l" + address.encode()) is not None

    def wrapped_keys(self) -> dict[str, bytes]:
        """The data keys under the master key, for Keyring.from_wrapped."""
        return {key[1:].decode(): octets for key, octets in self._each(b"k")}

    def names(self, kind: Kind) -> Iterator[str]:
        """The names of all things of a kind, in the order of their octets."""
        return (key[1:].decode() for key, _ in self._each(kind.encode()))

    def generation(self) -> int:
        """Grows with every set of changes; equal generations mean equal contents."""
        return integer(self.octets(b"!generation"))

    def complete(self) -> bool:
        """Whether the file was filled once to the end. Until then who is not found may still come: silence, not a reject."""
        return self.octets(b"!complete") is not None

    def changes_since(self, generation: int) -> Changes:
        """What changed after `generation`. A kind with more changes than its notes hold (about 1,000) comes whole."""
        view = self._view or self._begin()  # one view for all of it: notes are dropped while we read
        now = integer(view.get(b"!generation"))
        if generation == now:
            return Changes(now, frozenset(), frozenset())
        if generation > now:  # another file has taken the place of the one that the caller knew
            return Changes(now, frozenset(), frozenset(Kind))
        named: set[tuple[Kind, str]] = set()
        whole: set[Kind] = set()
        for kind in Kind:
            if integer(view.get(b"!floor" + kind.encode())) > generation:
                whole.add(kind)
            else:
                named.update((kind, name) for name in _noted(view, kind, generation))
        return Changes(now, frozenset(named), frozenset(whole))

    def octets(self, key: bytes) -> bytes | None:
        """What stands under a key. The one way into the file on a packet's way; total, for any name a peer may send."""
        try:
            view = self._view
            return (self._begin() if view is None else view).get(key)
        except lmdb.BadValsizeError:  # an empty or too long name: nobody has it
            return None
        except lmdb.Error:  # another thread adopted a new map size meanwhile, which ends the views before it
            return self._begin().get(key)

    def _each(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        view = self._view or self._begin()
        with view.cursor() as cursor:
            found = cursor.set_range(prefix)
            while found:
                key, octets = cursor.item()
                if not key.startswith(prefix):
                    return
                yield key, octets
                found = cursor.next()

    def _begin(self) -> "lmdb.Transaction[bytes]":
        try:
            return self._environment.begin(db=self._records)
        except lmdb.MapResizedError:  # the writer needed more than our map: adopt its size
            self._view = None
            self._environment.set_mapsize(0)
            return self._environment.begin(db=self._records)


def _noted(view: "lmdb.Transaction[bytes]", kind: Kind, generation: int) -> Iterator[str]:
    prefix = note_prefix(kind)
    with view.cursor() as cursor:
        found = cursor.prev() if cursor.set_range(prefix + b"\xff" * 9) else cursor.last()
        while found and cursor.key().startswith(prefix):
            noted, name = NOTE.decode(cursor.value())
            if noted <= generation:
                return
            yield name
            found = cursor.prev()


def open_environment(path: Path, readonly: bool, map_size: int) -> lmdb.Environment:
    """LMDB's environment in the single file `path` (its lock beside it). Raises NodeFileUnusable."""
    try:
        return lmdb.open(
            str(path),
            subdir=False,
            readonly=readonly,
            create=not readonly,
            map_size=map_size,
            max_readers=MAX_READERS,
            max_dbs=2,
            max_spare_txns=16,
            readahead=False,  # look-ups are at random
            mode=0o600,
        )
    except lmdb.Error as error:
        raise NodeFileUnusable(
            f"{path} cannot be opened ({error}): give this user the right to read and write it; if it is damaged, "
            "remove it while the server stands, and the next start fills it again from the database"
        ) from None

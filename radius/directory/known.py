"""What is known of one directory's people from its earlier answers: their facts, and which password held last.

Facts stand under the name that was asked for, the proof under the subject, so that each spelling of a name has the same
proof. Both are sealed, their keys are blind indexes, and a password is kept as a keyed verifier like a local account's. What is
decoded is remembered, and is of use while the file has the very octets that it was decoded from: what another worker learned
is seen at once. Threads may share it.
"""

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import DecodeError

from policies.value import Value
from radius.crypto.passwords import SALT_SIZE, verifier, verify
from radius.directory.known_records import FactsRecord, ProofRecord, decode_facts, decode_proof, encode
from radius.directory.question import Principal
from radius.errors import ServiceError

DECODED_AT_MOST: Final = 20_000


class Seals(Protocol):
    """What is needed of the keyring."""

    @property
    def pepper(self) -> bytes:
        """The key of the password verifiers."""

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Sealed octets."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed for `context`; raises ServiceError for anything else."""

    def blind_index(self, kind: str, text: str) -> bytes:
        """16 octets by which equal texts are found."""


class File(Protocol):
    """Where it is kept (radius.store.known_file)."""

    def get(self, key: bytes) -> bytes | None:
        """What stands under a key."""

    def put(self, key: bytes, octets: bytes | None) -> None:
        """Let it stand there, or nothing."""


class Facts(Value):
    """Who an asked name is, the account's version, and when the directory said so."""

    __slots__ = ("at", "principal", "version")

    def __init__(self, principal: Principal, version: bytes, at: float) -> None:
        self.principal: Final = principal
        self.version: Final = version
        self.at: Final = at


class KnownProof(Value):
    """Which password held last, for which version of the account, and when."""

    __slots__ = ("at", "verifier", "version")

    def __init__(self, verifier: bytes, version: bytes, at: float) -> None:
        self.verifier: Final = verifier
        self.version: Final = version
        self.at: Final = at


class Known:
    """Of one directory. `prefix` names it together with what its answers depend on, so that a changed description knows nobody.
    `random(n)` gives n random octets."""

    def __init__(self, file: File, seals: Seals, prefix: str, random: Callable[[int], bytes]) -> None:
        self._file = file
        self._seals = seals
        self._prefix = prefix
        self._random = random
        self._facts: dict[str, tuple[bytes, bytes, Facts]] = {}
        self._proofs: dict[str, tuple[bytes, bytes, KnownProof]] = {}

    def facts(self, who: str) -> Facts | None:
        """What is known of the account behind a name."""
        decoded = self._facts.get(who)
        key = decoded[0] if decoded is not None else self._key("facts", who)
        octets = self._file.get(key)
        if octets is None:
            return None
        if decoded is not None and decoded[1] == octets:
            return decoded[2]
        try:
            facts = _read_facts(self._seals.open(octets, self._context(key)))
        except (ServiceError, DecodeError):  # another key's or another version's: nothing is known
            return None
        if len(self._facts) >= DECODED_AT_MOST:
            self._facts.clear()
        self._facts[who] = (key, octets, facts)
        return facts

    def proof(self, subject: str) -> KnownProof | None:
        """Which password held last."""
        decoded = self._proofs.get(subject)
        key = decoded[0] if decoded is not None else self._key("proof", subject)
        octets = self._file.get(key)
        if octets is None:
            return None
        if decoded is not None and decoded[1] == octets:
            return decoded[2]
        try:
            proof = _read_proof(self._seals.open(octets, self._context(key)))
        except (ServiceError, DecodeError):
            return None
        if len(self._proofs) >= DECODED_AT_MOST:
            self._proofs.clear()
        self._proofs[subject] = (key, octets, proof)
        return proof

    def is_password(self, proof: KnownProof, password: bytes) -> bool:
        """Whether it is the one that held, in constant time."""
        return verify(self._seals.pepper, proof.verifier, password)

    def keep_facts(self, who: str, facts: Facts) -> None:
        """The directory has said this of the account behind a name."""
        key = self._key("facts", who)
        self._file.put(key, self._seals.seal(_write_facts(facts), self._context(key)))

    def keep_proof(self, subject: str, password: bytes, version: bytes, at: float) -> None:
        """This password held."""
        key = self._key("proof", subject)
        kept = verifier(self._seals.pepper, self._random(SALT_SIZE), password)
        self._file.put(key, self._seals.seal(_write_proof(kept, version, at), self._context(key)))

    def drop_facts(self, who: str) -> None:
        """The name is nobody's any more, or the account may not come in."""
        self._file.put(self._key("facts", who), None)

    def drop_proof(self, subject: str) -> None:
        """The password that held last holds no more."""
        self._file.put(self._key("proof", subject), None)

    def _key(self, kind: str, text: str) -> bytes:
        return self._seals.blind_index(f"known-{kind}", f"{self._prefix}\0{text}")

    def _context(self, key: bytes) -> str:
        return f"known:{key.hex()}"


def _read_facts(octets: bytes) -> Facts:
    record: FactsRecord = decode_facts(octets)
    principal = Principal(record.subject, record.name, record.role, frozenset(record.groups), record.school, record.ownership)
    return Facts(principal, record.version, record.at)


def _write_facts(facts: Facts) -> bytes:
    who = facts.principal
    return encode(
        FactsRecord(
            who.subject, who.name, who.role, tuple(sorted(who.groups)), who.school, who.ownership, facts.version, facts.at
        )
    )


def _read_proof(octets: bytes) -> KnownProof:
    record: ProofRecord = decode_proof(octets)
    return KnownProof(record.verifier, record.version, record.at)


def _write_proof(kept: bytes, version: bytes, at: float) -> bytes:
    return encode(ProofRecord(kept, version, at))

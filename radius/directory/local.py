"""Local accounts and registered devices: everything is in the node file, so memory answers, and an outage cannot matter.

A plain password is checked against a keyed hash in a microsecond (RFC 8265 prepares the text). Accounts marked strong have
argon2id only: 50 ms on a thread of the directory's own, and a proof that held is remembered for some minutes, so that a
storm does not pay it each time.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from hmac import compare_digest
from threading import Lock
from typing import Final, Protocol, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from policies.access import Ownership
from radius.audit.causes import Cause
from radius.crypto.chap import chap_response
from radius.crypto.mschap import challenge_hash, challenge_response, nt_password_hash
from radius.crypto.passwords import verify
from radius.directory.names import canonical_password, canonical_username, without_domain
from radius.directory.question import (
    Answer,
    ChapResponse,
    CouldNotAsk,
    Credential,
    KnownMac,
    MsChap2Response,
    MsChapResponse,
    NotHere,
    PlainPassword,
    Principal,
    Proved,
    Question,
    Refused,
    Remembered,
    VerifiedCertificate,
    Wrong,
)
from radius.secret import Secret
from radius.store.records import DeviceRecord, PersonRecord

REMEMBER_SECONDS = 300.0
REMEMBER_AT_MOST = 20_000

_NOT_HERE: Final = NotHere()
_OWN: Final = Ownership.OWN


class Records(Protocol):
    """Where the records are: the node file's view on the packet's way, SQL for the command line."""

    def person(self, username: str) -> PersonRecord | None:
        """The person of that canonical name."""

    def device(self, mac: str) -> DeviceRecord | None:
        """The device of that address in RFC 3580's spelling."""

    def complete(self) -> bool:
        """Whether the records were filled once to the end; until then who is not there may still come."""


class Seals(Protocol):
    """What the directory needs of the keyring."""

    @property
    def pepper(self) -> bytes:
        """The key of the password verifiers."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plaintext of what was sealed for `context`."""


class LocalDirectory:
    """The `Directory` of this installation's own accounts and devices.

    `answer_now` reads records and never blocks; it returns None only for a strong account whose proof is not remembered.
    """

    name = "local"
    checks: frozenset[type] = frozenset(get_args(Credential))

    def __init__(self, records: Records, seals: Seals) -> None:
        self._person = records.person
        self._device = records.device
        self._complete = records.complete
        self._open = seals.open
        self._pepper = seals.pepper
        self._hasher = PasswordHasher()
        self._remembered = RememberedProofs()

    def answer_now(self, question: Question) -> Answer | None:
        """See `Directory.answer_now`."""
        credential = question.credential
        if isinstance(credential, KnownMac):
            return self._registered(credential.mac, question.time)
        record = (
            self._owner(credential.names) if isinstance(credential, VerifiedCertificate) else self._look_up(question.principal)
        )
        if record is None:
            return self._nobody()
        answer = self._checked(record, credential, question)
        return _remembering(answer, record) if question.remember and isinstance(answer, Proved) else answer

    def _checked(self, record: PersonRecord, credential: Credential, question: Question) -> Answer | None:
        if isinstance(credential, PlainPassword):
            return self._plain(record, credential.password.reveal(), question.time)
        if isinstance(credential, MsChap2Response):
            challenge = challenge_hash(credential.peer_challenge, credential.authenticator_challenge, credential.user_name)
            return self._mschap(record, challenge, credential.nt_response, question.time)
        if isinstance(credential, MsChapResponse):
            return self._mschap(record, credential.challenge, credential.nt_response, question.time)
        if isinstance(credential, ChapResponse):
            return self._chap(record, credential, question.time)
        if isinstance(credential, VerifiedCertificate):
            return _admitted(record, question.time)
        if isinstance(credential, Remembered):
            same = compare_digest(credential.version, _version(record))
            return _admitted(record, question.time) if same else Wrong(principal_of(record))
        return Refused(principal_of(record), Cause.METHOD_NOT_CHECKABLE)

    def answer(self, question: Question, deadline: float) -> Answer:
        """See `Directory.answer`: only the argon2id check blocks, for tens of milliseconds."""
        now = self.answer_now(question)
        if now is not None:
            return now
        record = self._look_up(question.principal)
        credential = question.credential
        if record is None or not isinstance(credential, PlainPassword):
            return _NOT_HERE
        if time.monotonic() >= deadline:
            return CouldNotAsk(self.name)
        password = _prepared(credential.password.reveal())
        try:
            self._hasher.verify(record.argon2, password)
        except (VerificationError, InvalidHashError):
            return Wrong(principal_of(record))
        self._remembered.remember(record, password, question.time)
        answer = _admitted(record, question.time)
        return _remembering(answer, record) if question.remember and isinstance(answer, Proved) else answer

    def _nobody(self) -> Answer:
        """Not here; or, while the node file is being filled, not to be said."""
        return _NOT_HERE if self._complete() else CouldNotAsk(self.name)

    def _owner(self, names: tuple[str, ...]) -> PersonRecord | None:
        """Whose certificate it is: the first of its names that an account has."""
        return next((record for name in names if (record := self._look_up(name)) is not None), None)

    def has(self, name: str) -> bool:
        """Whether there is an account of that name, whatever becomes of it."""
        return self._look_up(name) is not None

    def _look_up(self, name: str) -> PersonRecord | None:
        if "\\" in name:  # Windows' DOMAIN\\user: accounts here are of no domain
            name = without_domain(name)
        try:
            return self._person(canonical_username(name))
        except ValueError:
            return None  # not a name that an account can have

    def _plain(self, record: PersonRecord, password: bytes, now: float) -> Answer | None:
        if not password.isascii():
            password = _prepared(password)
        if record.verifier:
            if verify(self._pepper, record.verifier, password):
                return _admitted(record, now)
            return Wrong(principal_of(record))
        if record.argon2:
            return _admitted(record, now) if self._remembered.holds(record, password, now) else None
        if record.nt:  # imported with an NT hash alone
            hashes = self._open(record.nt, f"person-nt:{record.username}")
            held = compare_digest(nt_password_hash(password.decode(errors="replace")), hashes[:16])
            return _admitted(record, now) if held else Wrong(principal_of(record))
        return Refused(principal_of(record), Cause.METHOD_NOT_CHECKABLE)

    def _mschap(self, record: PersonRecord, challenge: bytes, nt_response: bytes, now: float) -> Answer:
        if not record.nt:
            return Refused(principal_of(record), Cause.METHOD_NOT_CHECKABLE)
        hashes = self._open(record.nt, f"person-nt:{record.username}")
        if not compare_digest(challenge_response(challenge, hashes[:16]), nt_response):
            return Wrong(principal_of(record))
        return _admitted(record, now, Secret(hashes[16:]))

    def _chap(self, record: PersonRecord, credential: ChapResponse, now: float) -> Answer:
        if not record.plain:
            return Refused(principal_of(record), Cause.METHOD_NOT_CHECKABLE)
        password = self._open(record.plain, f"person-plain:{record.username}")
        expected = chap_response(credential.identifier, password, credential.challenge)
        if not compare_digest(expected, credential.response):
            return Wrong(principal_of(record))
        return _admitted(record, now)

    def _registered(self, mac: str, now: float) -> Answer:
        record = self._device(mac)
        if record is None:
            return self._nobody()
        principal = device_principal(record, self._open)
        if record.disabled:
            return Refused(principal, Cause.DEVICE_DISABLED)
        if record.valid_until and now >= record.valid_until:
            return Refused(principal, Cause.DEVICE_EXPIRED)
        return Proved(principal)


class RememberedProofs:
    """Plain passwords of strong accounts that held within the last minutes: keyed digests, never the passwords.

    Bounded; an entry is of use only while the account's record is the same, so a changed password or a disabled account is
    felt at once. Used by the loop and by the directory's threads.
    """

    def __init__(self, at_most: int = REMEMBER_AT_MOST) -> None:
        self._at_most = at_most
        self._key = secrets.token_bytes(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()

    def remember(self, record: PersonRecord, password: bytes, now: float) -> None:
        """`password` held for `record` at `now`."""
        with self._lock:
            self._until[self._digest(record, password)] = now + REMEMBER_SECONDS
            while len(self._until) > self._at_most:
                self._until.popitem(last=False)

    def holds(self, record: PersonRecord, password: bytes, now: float) -> bool:
        """Whether `password` held for this very record within the last minutes."""
        until = self._until.get(self._digest(record, password))
        return until is not None and now < until

    def __len__(self) -> int:
        return len(self._until)

    def _digest(self, record: PersonRecord, password: bytes) -> bytes:
        return hashlib.blake2b(
            record.argon2.encode() + b"\0" + password, key=self._key, digest_size=16, person=b"kapija-remember"
        ).digest()


def _prepared(password: bytes) -> bytes:
    """The password as it was stored (RFC 8265 section 4, OpaqueString); octets that are no password stay as they are."""
    try:
        return canonical_password(password.decode()).encode()
    except ValueError:
        return password


def principal_of(record: PersonRecord) -> Principal:
    """The person's facts as policy needs them; nothing is proved by having them."""
    return Principal(f"person:{record.id}", record.username, record.role, frozenset(record.groups), record.school, _OWN)


def _admitted(record: PersonRecord, now: float, nt_hash_hash: Secret | None = None) -> Answer:
    """The proof held; now the account itself. Told only after the proof, so that strangers learn nothing."""
    if record.disabled:
        return Refused(principal_of(record), Cause.ACCOUNT_DISABLED)
    if record.valid_from and now < record.valid_from:
        return Refused(principal_of(record), Cause.ACCOUNT_NOT_YET_VALID)
    if record.valid_until and now >= record.valid_until:
        return Refused(principal_of(record), Cause.ACCOUNT_EXPIRED)
    return Proved(principal_of(record), nt_hash_hash)


def _version(record: PersonRecord) -> bytes:
    """Changes with everything that a proof can rest on: the account itself and whatever is kept of its password."""
    kept = (str(record.id).encode(), record.verifier, record.nt, record.plain, record.argon2.encode())
    return hashlib.blake2b(b"".join(len(each).to_bytes(2, "big") + each for each in kept), digest_size=16).digest()


def _remembering(answer: Proved, record: PersonRecord) -> Proved:
    return Proved(answer.principal, answer.nt_hash_hash, answer.from_cache, _version(record))


def device_principal(record: DeviceRecord, unseal: Callable[[bytes, str], bytes] | None = None) -> Principal:
    """The device's facts; its pre-shared key comes along when `unseal` can open it."""
    psk = Secret(unseal(record.psk, f"device-psk:{record.mac}")) if record.psk and unseal else None
    return Principal(
        f"device:{record.id}", record.mac, record.role, frozenset(record.groups), record.school, record.ownership, psk
    )

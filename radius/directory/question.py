"""The one way to ask a directory: a Question (principal and credential) and the answers there are to it.

*Not here*, *wrong* and *could not ask* are three answers (docs/architecture.md, 'Directories').
"""

from typing import Protocol

from msgspec import Struct

from policies.access import Ownership
from radius.audit.causes import Cause
from radius.secret import Secret


class PlainPassword(Struct, frozen=True, gc=False):
    """PAP, TTLS-PAP, GTC and the portal: the password itself."""

    password: Secret


class ChapResponse(Struct, frozen=True, gc=False):
    """RFC 1994 section 4.1 and RFC 2865 section 5.3: MD5(identifier, password, challenge)."""

    identifier: int
    challenge: bytes
    response: bytes


class MsChapResponse(Struct, frozen=True, gc=False):
    """RFC 2433: the 24-octet NT response to an 8-octet challenge."""

    challenge: bytes
    nt_response: bytes


class MsChap2Response(Struct, frozen=True, gc=False):
    """RFC 2759: `user_name` is the name as the peer hashed it (RFC 2759 section 4: without the domain)."""

    authenticator_challenge: bytes
    peer_challenge: bytes
    user_name: bytes
    nt_response: bytes


class KnownMac(Struct, frozen=True, gc=False):
    """MAC authentication bypass proves nothing: it only asks whether the device is registered."""

    mac: str


class VerifiedCertificate(Struct, frozen=True, gc=False):
    """A client certificate that radius.pki has checked (chain, dates, revocation) and whose key the peer has proved to hold.

    The directory only says whose it is: `names` are its names, the most telling first (UPN, e-mail, DNS, common name).
    """

    names: tuple[str, ...]


class Remembered(Struct, frozen=True, gc=False):
    """A resumed TLS session: proved earlier, when the account's `version` was this. Holds only while it still is."""

    version: bytes


Credential = PlainPassword | ChapResponse | MsChapResponse | MsChap2Response | KnownMac | VerifiedCertificate | Remembered


class Question(Struct, frozen=True, gc=False):
    """Who says to be whom, with what proof, and when (seconds since the epoch, for validity dates). `remember` asks for the
    account's version in the answer, so that a TLS session may be resumed on it."""

    principal: str
    credential: Credential
    time: float
    remember: bool = False


class Principal(Struct, frozen=True, gc=False):
    """The directory's facts about a person or device, as policy and audit need them.

    `subject` names the person or device for the audit log's key ("person:17", "device:4"). `school` is the short name of
    the school that it belongs to, "" for none.
    """

    subject: str
    name: str
    role: str
    groups: frozenset[str]
    school: str
    ownership: str = Ownership.OWN
    psk: Secret | None = None


class Proved(Struct, frozen=True, gc=False):
    """The proof holds. `nt_hash_hash` is MD4 of the NT hash, present for the MS-CHAP methods, which derive the MPPE keys
    and the authenticator response from it (RFC 3079, RFC 2759 section 8.7). `version` changes with whatever the proof
    rests on (the password, the account), and is there when the question asked to `remember`."""

    principal: Principal
    nt_hash_hash: Secret | None = None
    from_cache: bool = False
    version: bytes = b""


class Wrong(Struct, frozen=True, gc=False):
    """The principal is here, and the proof does not hold: the only answer that counts as a wrong password."""

    principal: Principal


class NotHere(Struct, frozen=True, gc=False):
    """This directory knows no such principal."""


class Refused(Struct, frozen=True, gc=False):
    """The principal is here and may not come in whatever the proof (disabled, expired), or this kind of proof cannot be
    checked for it; `cause` says which. Given for disabled and expired accounts only after the proof held, so that the
    answer does not tell a stranger which names exist."""

    principal: Principal
    cause: Cause


class CouldNotAsk(Struct, frozen=True, gc=False):
    """The directory is away, slow or full. Never counts as a wrong password."""

    directory: str


Answer = Proved | Wrong | NotHere | Refused | CouldNotAsk


class Directory(Protocol):
    """Where people and devices are looked up and their proofs are checked."""

    @property
    def checks(self) -> frozenset[type]:
        """The kinds of Credential that it can check; only methods that bring one of them are offered."""

    def answer_now(self, question: Question) -> Answer | None:
        """The answer if memory has it, else None: then `answer` is called on one of the directory's own threads."""

    def answer(self, question: Question, deadline: float) -> Answer:
        """May block until `deadline` (seconds of the monotonic clock); thread-safe."""

"""The one way to ask a directory: a Question (principal and credential) and the answers there are to it.

*Not here*, *wrong* and *could not ask* are three answers (docs/architecture.md, 'Directories').
"""

from typing import Final, Protocol

from policies.access import Ownership
from policies.value import Value
from radius.audit.causes import Cause
from radius.secret import Secret


class PlainPassword(Value):
    """PAP, TTLS-PAP, GTC and the portal: the password itself."""

    __slots__ = ("password",)

    def __init__(self, password: Secret) -> None:
        self.password: Final = password


class ChapResponse(Value):
    """RFC 1994 section 4.1 and RFC 2865 section 5.3: MD5(identifier, password, challenge)."""

    __slots__ = ("challenge", "identifier", "response")

    def __init__(self, identifier: int, challenge: bytes, response: bytes) -> None:
        self.identifier: Final = identifier
        self.challenge: Final = challenge
        self.response: Final = response


class MsChapResponse(Value):
    """RFC 2433: the 24-octet NT response to an 8-octet challenge."""

    __slots__ = ("challenge", "nt_response")

    def __init__(self, challenge: bytes, nt_response: bytes) -> None:
        self.challenge: Final = challenge
        self.nt_response: Final = nt_response


class MsChap2Response(Value):
    """RFC 2759: `user_name` is the name as the peer hashed it (RFC 2759 section 4: without the domain)."""

    __slots__ = ("authenticator_challenge", "nt_response", "peer_challenge", "user_name")

    def __init__(self, authenticator_challenge: bytes, peer_challenge: bytes, user_name: bytes, nt_response: bytes) -> None:
        self.authenticator_challenge: Final = authenticator_challenge
        self.peer_challenge: Final = peer_challenge
        self.user_name: Final = user_name
        self.nt_response: Final = nt_response


class KnownMac(Value):
    """MAC authentication bypass proves nothing: it only asks whether the device is registered."""

    __slots__ = ("mac",)

    def __init__(self, mac: str) -> None:
        self.mac: Final = mac


class VerifiedCertificate(Value):
    """A client certificate that radius.pki has checked (chain, dates, revocation) and whose key the peer has proved to hold.

    The directory only says whose it is: `names` are its names, the most telling first (UPN, e-mail, DNS, common name).
    """

    __slots__ = ("names",)

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names: Final = names


class Remembered(Value):
    """A resumed TLS session: proved earlier, when the account's `version` was this. Holds only while it still is."""

    __slots__ = ("version",)

    def __init__(self, version: bytes) -> None:
        self.version: Final = version


Credential = PlainPassword | ChapResponse | MsChapResponse | MsChap2Response | KnownMac | VerifiedCertificate | Remembered


class Question(Value):
    """Who says to be whom, with what proof, and when (seconds since the epoch, for validity dates). `remember` asks for the
    account's version in the answer, so that a TLS session may be resumed on it. `school` is the short name of the school
    whose access point asks, "" where nobody's does: some directories answer for some schools alone."""

    __slots__ = ("credential", "principal", "remember", "school", "time")

    def __init__(self, principal: str, credential: Credential, time: float, remember: bool = False, school: str = "") -> None:
        self.principal: Final = principal
        self.credential: Final = credential
        self.time: Final = time
        self.remember: Final = remember
        self.school: Final = school


class Principal(Value):
    """The directory's facts about a person or device, as policy and audit need them.

    `subject` names the person or device for the audit log's key ("person:17", "device:4"). `school` is the short name of
    the school that it belongs to, "" for none.
    """

    __slots__ = ("groups", "name", "ownership", "psk", "role", "school", "subject")

    def __init__(
        self,
        subject: str,
        name: str,
        role: str,
        groups: frozenset[str],
        school: str,
        ownership: str = Ownership.OWN,
        psk: Secret | None = None,
    ) -> None:
        self.subject: Final = subject
        self.name: Final = name
        self.role: Final = role
        self.groups: Final = groups
        self.school: Final = school
        self.ownership: Final = ownership
        self.psk: Final = psk


class Proved(Value):
    """The proof holds. `nt_hash_hash` is MD4 of the NT hash, present for the MS-CHAP methods, which derive the MPPE keys
    and the authenticator response from it (RFC 3079, RFC 2759 section 8.7). `version` changes with whatever the proof
    rests on (the password, the account), and is there when the question asked to `remember`."""

    __slots__ = ("from_cache", "nt_hash_hash", "principal", "version")

    def __init__(
        self, principal: Principal, nt_hash_hash: Secret | None = None, from_cache: bool = False, version: bytes = b""
    ) -> None:
        self.principal: Final = principal
        self.nt_hash_hash: Final = nt_hash_hash
        self.from_cache: Final = from_cache
        self.version: Final = version


class Wrong(Value):
    """The principal is here, and the proof does not hold: the only answer that counts as a wrong password.

    `patience` is for how many seconds the directory is not to be asked again for the device that keeps sending wrong ones,
    because more of them would lock the account there; 0 where that does not threaten.
    """

    __slots__ = ("patience", "principal")

    def __init__(self, principal: Principal, patience: float = 0.0) -> None:
        self.principal: Final = principal
        self.patience: Final = patience


class NotHere(Value):
    """This directory knows no such principal."""

    __slots__ = ()


class Refused(Value):
    """The principal is here and may not come in whatever the proof (disabled, expired), or this kind of proof cannot be
    checked for it; `cause` says which. Given for disabled and expired accounts only after the proof held, so that the
    answer does not tell a stranger which names exist."""

    __slots__ = ("cause", "principal")

    def __init__(self, principal: Principal, cause: Cause) -> None:
        self.principal: Final = principal
        self.cause: Final = cause


NOT_PROVED: Final = frozenset({Cause.METHOD_NOT_CHECKABLE, Cause.ACCOUNT_LOCKED, Cause.AMBIGUOUS_ACCOUNT})
"""Causes of a Refused that were found before anybody proved anything: told to nobody who could be a stranger."""


class CouldNotAsk(Value):
    """The directory is away, slow or full. Never counts as a wrong password."""

    __slots__ = ("directory",)

    def __init__(self, directory: str) -> None:
        self.directory: Final = directory


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

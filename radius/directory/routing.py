"""Which directories answer for a name at a school, in which order: by its realm (RFC 7542), its Windows domain, the school.

    ana@skola.example            the realm skola.example             host/pc1.skola.example    skola.example, or no realm
    ana, anonymous               no realm ("")                       SKOLA\\ana                 the domain SKOLA, else no realm

A realm that no directory claims is served by local accounts alone. Realms and domains are compared without regard to case.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from radius.directory.question import Question, VerifiedCertificate

ROUTES_AT_MOST: Final = 20_000
_ANONYMOUS: Final = ("", "anonymous", "anon")  # RFC 7542 section 2.4 and what devices write


class Serves(Protocol):
    """Whose names a directory answers (radius.directory.description.Serve)."""

    @property
    def realms(self) -> tuple[str, ...]:
        """In small letters; "" is names without a realm."""

    @property
    def schools(self) -> tuple[str, ...]:
        """Whose access points may ask; none: all."""

    @property
    def position(self) -> int:
        """Its place in the order."""


class Routed(Protocol):
    """A directory as routing sees it."""

    @property
    def name(self) -> str:
        """Its short name."""

    @property
    def serve(self) -> Serves:
        """Whose names it answers."""

    @property
    def domain(self) -> str:
        """The Windows domain (NetBIOS name) that it is, in small letters; "" for none."""


R = TypeVar("R", bound=Routed)


class Routes(Generic[R]):
    """The routes to `directories`. Immutable."""

    def __init__(self, directories: Sequence[R]) -> None:
        self.directories = tuple(sorted(directories, key=lambda each: (each.serve.position, each.name)))
        self._realms = frozenset(comparable(realm) for each in self.directories for realm in each.serve.realms)
        self._domains = frozenset(each.domain for each in self.directories if each.domain)
        self._known: dict[tuple[str, str, str], tuple[R, ...]] = {}

    def of(self, question: Question) -> tuple[R, ...]:
        """The directories to ask, in their order; () for local accounts alone. A certificate is of all its names' realms."""
        credential = question.credential
        if not isinstance(credential, VerifiedCertificate):
            return self.of_name(question.principal, question.school)
        found = {each.name for name in credential.names for each in self.of_name(name, question.school, certified=True)}
        return tuple(each for each in self.directories if each.name in found)

    def asked_of(self, directory: R, question: Question) -> Question:
        """The question as it is for one of them: of a certificate's names only those that it answers, so that a name of
        somebody else's realm finds nobody there."""
        credential = question.credential
        if not isinstance(credential, VerifiedCertificate):
            return question
        school = question.school
        names = tuple(name for name in credential.names if directory in self.of_name(name, school, certified=True))
        return Question(question.principal, VerifiedCertificate(names), question.time, question.remember, school)

    def of_name(self, name: str, school: str, certified: bool = False) -> tuple[R, ...]:
        """The directories of one name. Where `certified`, a host's name is of its domain, as in host/pc1.skola.example."""
        domain, realm = self._place(name, certified)
        if not domain and realm not in self._realms:
            return ()
        key = (domain, realm, school)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= ROUTES_AT_MOST:
                self._known.clear()
            found = self._known[key] = self._look_up(domain, realm, school)
        return found

    def claimed(self, name: str) -> bool:
        """Whether some directory claims names of this kind, at whichever school."""
        domain, realm = self._place(name, False)
        return bool(domain) or realm in self._realms

    def _place(self, name: str, certified: bool) -> tuple[str, str]:
        """The domain, if a directory is that one, and the realm of a name."""
        _, at, realm = name.rpartition("@")
        if at:
            return "", comparable(realm)
        domain, backslash, _ = realm.partition("\\")
        if backslash and domain.lower() in self._domains:
            return domain.lower(), ""
        if backslash and comparable(domain) in self._realms:  # skola.example\ana, as Windows takes it too
            return "", comparable(domain)
        if certified or realm[:5].lower() == "host/":
            host = realm.partition("/")[2] if realm[:5].lower() == "host/" else realm
            above = comparable(host.partition(".")[2])
            if above and above in self._realms:
                return "", above
        return "", ""

    def _look_up(self, domain: str, realm: str, school: str) -> tuple[R, ...]:
        return tuple(
            each
            for each in self.directories
            if (not each.serve.schools or school in each.serve.schools)
            and (each.domain == domain if domain else realm in map(comparable, each.serve.realms))
        )


def is_anonymous(identity: str) -> bool:
    """Whether an outer identity keeps the user to itself (RFC 7542 section 2.4)."""
    return identity.rpartition("@")[0 if "@" in identity else 2].lower() in _ANONYMOUS


def comparable(realm: str) -> str:
    """A realm in one case, width and composition."""
    return realm.lower() if realm.isascii() else unicodedata.normalize("NFKC", realm).lower()

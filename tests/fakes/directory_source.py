"""A directory in memory: a `Source` whose people, outages and slowness the test decides (tests/contracts/test_sources.py)."""

import hashlib
import time
from collections.abc import Iterable
from threading import Event, Lock

from radius.audit.causes import Cause
from radius.crypto.mschap import challenge_hash, challenge_response, hash_nt_password_hash, nt_password_hash
from radius.directory.description import Description, parse_description
from radius.directory.question import (
    Answer,
    CouldNotAsk,
    MsChap2Response,
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

BIND: frozenset[type] = frozenset({PlainPassword, VerifiedCertificate, Remembered})
WITH_HASHES: frozenset[type] = BIND | {MsChap2Response}


def description(more: str = "", **serve: object) -> Description:
    """A description that parses; `serve` are keys of its [serve], `more` is TOML that goes to the end."""
    lines = "".join(f"{key} = {_toml(value)}\n" for key, value in serve.items())
    return parse_description(
        f'kind = "ldap"\nservers = ["ldaps://ldap.skola.example"]\nbase = "dc=skola"\n[serve]\n{lines}{more}'
    )


def _toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


class FakeSource:
    """`people` are names with passwords. While `away` nothing is answered; while `held` is not set, answers wait for it."""

    def __init__(self, name: str = "ldap", people: dict[str, str] | None = None, checks: frozenset[type] = BIND) -> None:
        self.name = name
        self.checks = checks
        self.people = dict(people or {"ana": "ana-lozinka"})
        self.roles: dict[str, str] = {}
        self.refused: dict[str, Cause] = {}
        self.certificates: dict[str, str] = {}
        self.away = False
        self.broken = False
        self.held = Event()
        self.held.set()
        self.deaf = False  # while held it does not even look at the deadline
        self.asked: list[Question] = []
        self.closed = False
        self._lock = Lock()

    def answer(self, question: Question, deadline: float) -> Answer:
        with self._lock:
            self.asked.append(question)
        while not self.held.wait(0.01):
            if not self.deaf and time.monotonic() >= deadline:
                return CouldNotAsk(self.name)
        if self.broken:
            raise RuntimeError("canary-in-a-directory")
        if self.away or self.closed or time.monotonic() >= deadline:
            return CouldNotAsk(self.name)
        credential = question.credential
        names: Iterable[str] = (question.principal,)
        if isinstance(credential, VerifiedCertificate):
            names = (self.certificates.get(name, name) for name in credential.names)
        name = next((bare for each in names if (bare := each.partition("@")[0].lower()) in self.people), None)
        return NotHere() if name is None else self._checked(name, question)

    def version(self, name: str) -> bytes:
        """Changes with the password."""
        return hashlib.blake2b(f"{name} {self.people[name]}".encode(), digest_size=16).digest()

    def _checked(self, name: str, question: Question) -> Answer:
        principal = Principal(f"{self.name}:{name}", name, self.roles.get(name, "student"), frozenset({"8-2"}), "os-primer")
        credential, password, keys = question.credential, self.people[name], None
        if isinstance(credential, PlainPassword):
            if not password or credential.password.reveal() != password.encode():
                return Wrong(principal)
        elif isinstance(credential, Remembered):
            if credential.version != self.version(name):
                return Wrong(principal)
        elif isinstance(credential, MsChap2Response):
            nt_hash = nt_password_hash(password)
            challenge = challenge_hash(credential.peer_challenge, credential.authenticator_challenge, credential.user_name)
            if challenge_response(challenge, nt_hash) != credential.nt_response:
                return Wrong(principal)
            keys = Secret(hash_nt_password_hash(nt_hash))
        if name in self.refused:
            return Refused(principal, self.refused[name])
        return Proved(principal, keys, version=self.version(name) if question.remember else b"")

    def close(self) -> None:
        self.closed = True

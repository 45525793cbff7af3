"""What is asked of an Active Directory in tests: passwords by bind and by MS-CHAP, and the answers in a form to compare."""

import os
import time

from radius.crypto.mschap import challenge_hash, challenge_response, nt_password_hash
from radius.directory.active_directory.source import ActiveDirectory
from radius.directory.question import Answer, Credential, MsChap2Response, MsChapResponse, PlainPassword, Question, Refused
from radius.secret import Secret

PATIENCE = 20.0  # seconds; waited in full only when something is broken


def plain(password: str) -> PlainPassword:
    return PlainPassword(Secret(password))


def mschap2(name: str, password: str) -> MsChap2Response:
    """What a peer that types `name` sends."""
    ours, theirs = os.urandom(16), os.urandom(16)
    hashed = name.rpartition("\\")[2].encode()
    response = challenge_response(challenge_hash(theirs, ours, hashed), nt_password_hash(password))
    return MsChap2Response(ours, theirs, hashed, response)


def mschap1(_name: str, password: str) -> MsChapResponse:
    challenge = os.urandom(8)
    return MsChapResponse(challenge, challenge_response(challenge, nt_password_hash(password)))


def by_password(_name: str, password: str) -> PlainPassword:
    return plain(password)


def soon() -> float:
    """A deadline."""
    return time.monotonic() + PATIENCE


def ask(directory: ActiveDirectory, name: str, credential: Credential, *, now: float = 0.0, remember: bool = False) -> Answer:
    return directory.answer(Question(name, credential, now or time.time(), remember), soon())


def kind(answer: Answer) -> object:
    """The answer for comparison: a cause for a refusal, else its class."""
    return answer.cause if isinstance(answer, Refused) else type(answer)

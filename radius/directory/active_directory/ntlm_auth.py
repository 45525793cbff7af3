"""MS-CHAP proofs through Samba's `ntlm_auth`: helper processes that stay, a bounded number, each asked one thing at a time.

The protocol (ntlm-server-1, ntlm_auth(1)) has no request numbers, so an answer read amiss would be given to the next person who
asks. Therefore a reply is one of two shapes, octet for octet:

    Authenticated: Yes                      Authenticated: No
    User-Session-Key: 32 hex digits         Authentication-Error: sentence
    .                                       .
                                            .

The second dot of a refusal is no mistake, and its sentence must be one that speaks of the account. After anything else, a late
reply or one octet too many, the helper is killed and nothing is known: the account could not be asked about.
"""

import os
import re
import select
import subprocess
import time
from base64 import b64encode
from collections.abc import Sequence
from threading import BoundedSemaphore, Lock
from typing import Final

from policies.value import Value
from radius.audit.causes import Cause
from radius.directory.active_directory.reasons import of_helper
from radius.errors import ServiceError
from radius.secret import Secret

PROTOCOL: Final = ("--helper-protocol=ntlm-server-1", "--allow-mschapv2")
MAX_REPLY: Final = 1024  # octets; the longest refusal that Samba knows has some 350
CHALLENGE: Final = 8
RESPONSE: Final = 24

_YES: Final = re.compile(rb"Authenticated: Yes\nUser-Session-Key: ([0-9A-Fa-f]{32})\n\.\n").fullmatch
_NO: Final = re.compile(rb"Authenticated: No\nAuthentication-Error: ([^\n]+)\n\.\n\.\n").fullmatch
_NO_KEY: Final = bytes(16)
# What a reply may look like before it is whole; each part may be cut short, but nothing may stand in its place.
_LINES: Final = (
    (b"Authenticated: Yes", b"User-Session-Key: ", b"."),
    (b"Authenticated: No", b"Authentication-Error: ", b".", b"."),
)


class HelperFault(ServiceError):  # noqa: N818 - whose fault it is
    """The helper could not be asked: it did not start, said something unexpected, was too late, or all were busy."""


class Accepted(Value):
    """The response was that of the password; `nt_hash_hash` is MD4 of its NT hash (RFC 2759 section 8.4)."""

    __slots__ = ("nt_hash_hash",)

    def __init__(self, nt_hash_hash: Secret) -> None:
        self.nt_hash_hash: Final = nt_hash_hash


class Declined(Value):
    """The domain refused: WRONG_PASSWORD, or why a right one is not enough."""

    __slots__ = ("cause",)

    def __init__(self, cause: Cause) -> None:
        self.cause: Final = cause


Verdict = Accepted | Declined


def request(domain: str, username: str, challenge: bytes, nt_response: bytes) -> bytes:
    """A request. Names are sent in base64, so that none can add a line; `domain` "" leaves the choice to winbind.

    Raises ValueError for a challenge that is not of 8 octets and a response that is not of 24.
    """
    if len(challenge) != CHALLENGE or len(nt_response) != RESPONSE:
        raise ValueError("an MS-CHAP challenge has 8 octets and its response 24")
    lines = [f"LANMAN-Challenge: {challenge.hex()}", f"NT-Response: {nt_response.hex()}", f"Username:: {_base64(username)}"]
    if domain:
        lines.append(f"NT-Domain:: {_base64(domain)}")
    return "\n".join([*lines, "Request-User-Session-Key: Yes", ".", ""]).encode("ascii")


def read_reply(octets: bytes) -> Verdict | None:
    """The verdict in a whole reply, None while it may still become one. Raises HelperFault for all else."""
    if (yes := _YES(octets)) and (key := bytes.fromhex(yes[1].decode())) != _NO_KEY:
        return Accepted(Secret(key))
    if no := _NO(octets):
        sentence = no[1].decode(errors="replace")
        cause = of_helper(sentence)
        if cause is None:  # such as 'Reading winbind reply failed!'
            raise HelperFault(f"ntlm_auth could not check it: {sentence}")
        return Declined(cause)
    if len(octets) > MAX_REPLY or not _may_become_a_reply(octets):
        raise HelperFault("ntlm_auth said something that is no answer")
    return None


def _may_become_a_reply(octets: bytes) -> bool:
    *whole, last = octets.split(b"\n")
    for expected in _LINES:
        if len(whole) >= len(expected):
            continue  # it would have been whole
        fits = all(map(_fits, whole, expected))
        wanted = expected[len(whole)]
        if fits and (wanted.startswith(last) or _fits(last, wanted)):
            return True
    return False


def _fits(line: bytes, wanted: bytes) -> bool:
    return line.startswith(wanted) if wanted.endswith(b" ") else line == wanted


class Helper:
    """One `ntlm_auth` process. Not thread-safe; after any HelperFault it has been killed."""

    def __init__(self, command: Sequence[str]) -> None:
        """Starts it. Raises HelperFault when it cannot be started."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}  # its sentences are compared: in English
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the operator's command, without a shell
                [*command, *PROTOCOL],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=environment,
            )
        except OSError as error:
            raise HelperFault(f"{command[0]} cannot be started: {error.strerror}") from None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        for each in (self._to, self._from):
            os.set_blocking(each, False)
        self._readable = select.poll()
        self._readable.register(self._from, select.POLLIN)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def quiet(self) -> bool:
        """Whether it is there and has said nothing unasked; only then may it be asked."""
        return not self._readable.poll(0)

    def ask(self, octets: bytes, deadline: float) -> Verdict:
        """The verdict on a request, at the latest at `deadline` (monotonic seconds). Raises HelperFault, having killed it."""
        try:
            return self._exchange(octets, deadline)
        except HelperFault:
            self.kill()
            raise
        except OSError as error:
            self.kill()
            raise HelperFault(f"ntlm_auth is gone: {error.strerror}") from None

    def _exchange(self, octets: bytes, deadline: float) -> Verdict:
        if os.write(self._to, octets) != len(octets):  # a request is smaller than PIPE_BUF: all of it or nothing
            raise HelperFault("ntlm_auth does not take its request")
        reply = b""
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not self._readable.poll(left * 1000):
                raise HelperFault("ntlm_auth did not answer in time")
            piece = os.read(self._from, MAX_REPLY + 1)
            if not piece:
                raise HelperFault("ntlm_auth ended without an answer")
            reply += piece
            verdict = read_reply(reply)
            if verdict is not None:
                return verdict

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._close_pipes()
        self._process.wait()

    def close(self) -> None:
        """Let it end: ntlm_auth does when its input does."""
        self._close_pipes()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class NtlmAuth:
    """At most `processes` helpers, started when they are needed and kept. Thread-safe."""

    def __init__(self, command: Sequence[str], processes: int) -> None:
        self._command = tuple(command)
        self._free = BoundedSemaphore(processes)
        self._idle: list[Helper] = []
        self._lock = Lock()
        self._closed = False

    def check(self, domain: str, username: str, challenge: bytes, nt_response: bytes, deadline: float) -> Verdict:
        """Whether `nt_response` (24 octets) is what the account's password makes of `challenge` (8 octets).

        Each call is one attempt at the domain, which counts a wrong one. Nothing is sent twice: a helper that was lost after
        it was asked may have asked. Raises HelperFault when nothing is known by `deadline` (monotonic seconds).
        """
        octets = request(domain, username, challenge, nt_response)
        if not self._free.acquire(timeout=max(deadline - time.monotonic(), 0.0)):
            raise HelperFault("all ntlm_auth helpers are busy")
        try:
            helper = self._helper()
            verdict = helper.ask(octets, deadline)
            self._keep(helper)
            return verdict
        finally:
            self._free.release()

    def close(self) -> None:
        """End the helpers that are idle; the others end after what they are at."""
        self._closed = True
        self.renew()

    def renew(self) -> None:
        """End the idle helpers, so that the next question finds a new one and with it a new connection to winbind."""
        with self._lock:
            idle, self._idle = self._idle, []
        for helper in idle:
            helper.close()

    def idle(self) -> list[int]:
        """The process ids of the helpers that wait."""
        with self._lock:
            return [helper.pid for helper in self._idle]

    def _helper(self) -> Helper:
        while True:
            with self._lock:
                helper = self._idle.pop() if self._idle else None
            if helper is None:
                return Helper(self._command)
            if helper.quiet():
                return helper
            helper.kill()  # it ended, or it says something that nobody asked

    def _keep(self, helper: Helper) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(helper)
                return
        helper.close()


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")

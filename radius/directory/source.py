"""What an external directory is to the chain: something that blocks, and that says *could not ask* instead of raising.

A source does not know of threads, queues, caches or breakers; the chain puts those around it.
"""

from typing import Protocol

from radius.directory.question import Answer, Question


class Source(Protocol):
    """One external directory. Thread-safe: the chain asks it from several threads at a time.

    *Wrong* and *not here* are never said for an outage, a slow server, a full pool or an answer that nobody understands: all
    those are *could not ask*. Whether the account may be used (disabled, expired ...) is told only after the proof held.
    """

    @property
    def name(self) -> str:
        """The directory's short name, with which its answers are marked."""

    @property
    def checks(self) -> frozenset[type]:
        """The kinds of Credential that it can check: PlainPassword where it can bind, the MS-CHAP responses only where it has
        an NT hash or a helper that has it, VerifiedCertificate and Remembered where it can read accounts."""

    def answer(self, question: Question, deadline: float) -> Answer:
        """The answer, at the latest at `deadline` (seconds of the monotonic clock). Blocks; never raises for an outage.

        PlainPassword and the MS-CHAP responses prove the account named by `question.principal`; VerifiedCertificate says
        whose it is and whether that account may still be used; Remembered says whether the account is still what it was when
        its `version` was given (else Wrong). With `question.remember`, Proved has the account's version, which changes with
        its password as far as the directory tells that, and with the account. Principal.subject is
        "DIRECTORY:STABLE-ID", so that a name which is given to somebody else does not inherit anything.
        """

    def close(self) -> None:
        """Let go of connections and helpers. What is still being asked may end in *could not ask*."""

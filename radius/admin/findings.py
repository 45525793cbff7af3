"""What a look at an installation comes to: findings, each with its weight and its mend."""

from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """How a finding weighs: `fail` means that the server would not start or not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Struct, frozen=True):
    """One thing looked at: what is so, and for a warning or failure how to mend it."""

    check: str
    level: Level
    words: str
    mend: str = ""


def failure(check: str, error: Exception) -> Finding:
    """An error's one sentence as a finding; what stands behind its last colon is the mend."""
    words, colon, mend = str(error).rpartition(": ")
    return Finding(check, Level.FAIL, words if colon else mend, mend if colon else "")

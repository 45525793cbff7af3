"""What is known of a directory's people, in memory, for tests of what stands on it."""

import os

from radius.directory.known import Known
from tests.fakes.school_house import TestSeals


class MemoryFile:
    """What KnownFile does, without the disk; `get` and `put` are all that Known needs."""

    def __init__(self) -> None:
        self.table: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self.table.get(key)

    def put(self, key: bytes, octets: bytes | None) -> None:
        if octets is None:
            self.table.pop(key, None)
        else:
            self.table[key] = octets


def known(file: MemoryFile | None = None, prefix: str = "ldap") -> Known:
    """Of one directory; two over the same file are two workers'."""
    return Known(MemoryFile() if file is None else file, TestSeals(), prefix, os.urandom)

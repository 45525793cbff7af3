"""Passwords that an account did not have: the same one again is answered without asking, so that no looping device locks it.

A wrong password stays wrong while the account's has not been changed, and Account.version says that. Kept is a keyed digest,
never the password, and as long as Active Directory itself counts: after that one more wrong one begins a new count.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from threading import Lock
from typing import Final

from radius.directory.active_directory.accounts import Account
from radius.secret import Secret

AT_MOST: Final = 10_000
AT_LEAST_SECONDS: Final = 300.0


class WrongPasswords:
    """Thread-safe; forgets the oldest when it is full."""

    def __init__(self, at_most: int = AT_MOST) -> None:
        self._at_most = at_most
        self._key = secrets.token_bytes(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()

    def keep(self, account: Account, password: Secret, seconds: float) -> None:
        """The directory said that it was wrong."""
        with self._lock:
            self._until[self._digest(account, password)] = time.monotonic() + max(seconds, AT_LEAST_SECONDS)
            while len(self._until) > self._at_most:
                self._until.popitem(last=False)

    def knows(self, account: Account, password: Secret) -> bool:
        """Whether it said so of this very password, and the account's is still the same."""
        return time.monotonic() < self._until.get(self._digest(account, password), 0.0)

    def __len__(self) -> int:
        return len(self._until)

    def _digest(self, account: Account, password: Secret) -> bytes:
        return hashlib.blake2b(
            account.version + password.reveal(), key=self._key, digest_size=16, person=b"kapija-wrong"
        ).digest()

"""Random octets from the kernel, fetched by the page: a system call for each salt and each challenge would be dear.

The octets are the kernel's own (getrandom); they only wait here until somebody asks, each given out once. A process must make
its pool after it was forked, or it would give out what another one does.
"""

import os
from collections.abc import Callable

PAGE = 4096  # octets fetched at once


class RandomPool:
    """Gives random octets to one thread. Prints nothing of what it holds."""

    __slots__ = ("_at", "_fetch", "_page")

    def __init__(self, fetch: Callable[[int], bytes] = os.urandom) -> None:
        self._fetch = fetch
        self._page = b""
        self._at = 0

    def take(self, number: int) -> bytes:
        """`number` random octets, which nobody got before."""
        end = self._at + number
        if end > len(self._page):
            if number > PAGE:
                return self._fetch(number)
            self._page, self._at, end = self._fetch(PAGE), 0, number
        octets = self._page[self._at : end]
        self._at = end
        return octets

    def __repr__(self) -> str:
        return "RandomPool(***)"

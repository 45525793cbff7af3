"""A CSV file read line by line in bounded memory (RFC 4180): each row with its line number, or what is wrong with it.

Commas, semicolons or tabs, as the header has them; UTF-8 with or without a byte order mark; quoted fields may hold line ends.
"""

import csv
from array import array
from collections.abc import Callable, Iterator
from typing import BinaryIO

from msgspec import Struct

from radius.errors import OperatorError

MAX_LINE = 65_536  # octets
_SEPARATORS = (",", ";", "\t")


class Problem(Struct, frozen=True):
    """Why a line cannot be taken; the message has no password in it."""

    line: int
    message: str


class CsvLines:
    """An open CSV file; `header` are its first line's fields, `octets` how many were read.

    Raises OperatorError, naming the file as `name`, when the file as a whole is of no use. `on_octets` is called with each
    line's octets (for a digest).
    """

    def __init__(self, file: BinaryIO, name: str, on_octets: Callable[[bytes], None] = lambda _: None) -> None:
        self._name = name
        self._line = 0
        self.octets = 0
        self._bad_octets = array("Q")  # lines that are not UTF-8; the few that are waiting to be parsed
        self._lines = self._read(file, on_octets)
        first = next(self._lines, "").removeprefix("\ufeff")
        if self._bad_octets:
            raise OperatorError(f"{name}, line 1: is not UTF-8; save the file as 'CSV UTF-8'")
        self._delimiter = max(_SEPARATORS, key=first.count)
        self.header = next(csv.reader([first], delimiter=self._delimiter), [])

    def rows(self) -> Iterator[tuple[int, list[str]] | Problem]:
        """Every line but the header and blank ones, as wide as the header."""
        rows, width = csv.reader(self._lines, delimiter=self._delimiter, strict=True), len(self.header)
        while True:
            first = self._line + 1
            try:
                fields = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Problem(first, f"is not valid CSV ({error}): put a field with quotes, separators or line ends in quotes")
                continue
            if not fields:
                continue
            if self._bad_octets and self._forget_bad(self._line):
                yield Problem(first, "is not UTF-8; save the file as 'CSV UTF-8'")
            elif len(fields) != width:
                yield Problem(first, f"has {len(fields)} fields where the header has {width}")
            else:
                yield first, fields

    def _read(self, file: BinaryIO, on_octets: Callable[[bytes], None]) -> Iterator[str]:
        while octets := file.readline(MAX_LINE):
            self._line += 1
            self.octets += len(octets)
            if len(octets) == MAX_LINE:
                raise OperatorError(f"{self._name}, line {self._line}: is longer than {MAX_LINE} octets; is this a CSV file?")
            on_octets(octets)
            try:
                yield octets.decode()
            except UnicodeDecodeError:
                self._bad_octets.append(self._line)
                yield octets.decode(errors="replace")

    def _forget_bad(self, last: int) -> bool:
        """Whether one of the lines up to `last`, those of the row just parsed, was not UTF-8."""
        found = any(number <= last for number in self._bad_octets)
        del self._bad_octets[:]
        return found

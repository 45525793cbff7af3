"""Files that somebody else changes: read again when their inode, time or size is another, and kept as they were when the new
ones are bad."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from radius.pki.reading import CertificateUnusable

log = logging.getLogger(__name__)

MOST_FILES = 20_000

Content = TypeVar("Content")
Stamp = tuple[int, int, int]


class Watched(Generic[Content]):
    """The files with one of `suffixes` in a directory (and, when `deep`, in its directories), or one file of any name.

    `read` makes a file's content, or raises CertificateUnusable. `contents` has what is in force, by path; after an update that
    cannot be read that is still the former content, `refused` has the path, and the log says so once. A place that cannot be
    looked into changes nothing: only what is seen to be gone is in force no more.
    """

    def __init__(self, place: Path, suffixes: frozenset[str], read: Callable[[Path], Content], *, deep: bool = False) -> None:
        self.contents: dict[Path, Content] = {}
        self._place = place
        self._suffixes = suffixes
        self._read = read
        self._deep = deep
        self._seen: dict[Path, Stamp] = {}
        self.refused: dict[Path, Stamp] = {}
        self._blind = False

    def look(self, *, again: bool = False) -> bool:
        """Whether anything is different now. `again` tries refused files once more, because what they are judged by changed."""
        if again:
            for path in self.refused:
                self._seen.pop(path, None)
        try:
            found = dict(self._stamps())
        except OSError as error:
            if not self._blind:
                log.error("%s cannot be looked into (%s), so what it held stays in force", self._place, error.strerror)
            self._blind = True
            return False
        self._blind = False
        if found == self._seen:
            return False
        changed = False
        for path in self._seen.keys() - found.keys():
            self.refused.pop(path, None)
            if self.contents.pop(path, None) is not None:
                log.warning("%s is gone, and what it held is in force no more", path)
                changed = True
        for path, stamp in found.items():
            if self._seen.get(path) != stamp:
                changed |= self._take(path, stamp)
        self._seen = found
        return changed

    def _take(self, path: Path, stamp: Stamp) -> bool:
        try:
            self.contents[path] = self._read(path)
        except CertificateUnusable as error:
            if self.refused.get(path) != stamp:
                log.error("%s%s", error, "; the former one stays in force" if path in self.contents else "")
            self.refused[path] = stamp
            return False
        self.refused.pop(path, None)
        return True

    def _stamps(self) -> Iterator[tuple[Path, Stamp]]:
        for number, entry in enumerate(self._files()):
            if number == MOST_FILES:
                log.error("%s holds more than %d files: those beyond are not read", self._place, MOST_FILES)
                return
            try:
                found = entry.stat()
            except FileNotFoundError:
                continue  # gone between two looks
            yield Path(entry), (found.st_ino, found.st_mtime_ns, found.st_size)

    def _files(self) -> "Iterator[Path | os.DirEntry[str]]":
        if self._place.is_file():
            yield self._place
            return
        for entry in _entries(self._place):
            if self._is_one(entry):
                yield entry
            elif self._deep and entry.is_dir():
                yield from filter(self._is_one, _entries(entry))

    def _is_one(self, entry: "os.DirEntry[str]") -> bool:
        return os.path.splitext(entry.name)[1].lower() in self._suffixes  # noqa: PTH122 - thousands of them at each look


def _entries(folder: "Path | os.DirEntry[str]") -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []  # not there: nothing in it is in force

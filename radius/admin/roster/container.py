"""The tables of a roster, whatever they come in: one CSV file, a folder or zip of CSV files, or an XLSX workbook.

Everything is streamed. A zip says how large its members are and Python reads no further than that, so a bomb is refused by
what it says of itself: too many members, too many octets, or more than 200 octets from one.
"""

import hashlib
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from radius.admin.csv_lines import CsvLines, Problem
from radius.admin.roster.workbook import Workbook
from radius.errors import OperatorError

MAX_MEMBERS = 1_000
MAX_OCTETS = 8 << 30  # of all members together
MAX_RATIO = 200  # deflate reaches 1030; registers of a million pupils have about 20
SMALL = 16 << 20  # a member up to this may have any ratio

Lines = Iterator[tuple[int, list[str]] | Problem]


class Table:
    """One table: `name` is what people call it (`users.csv`, `sheet people`), `header` its columns, `lines()` its rows once."""

    def __init__(self, name: str, header: list[str], lines: Lines) -> None:
        self.name = name
        self.header = header
        self._lines = lines

    def lines(self) -> Lines:
        """The rows, with their line numbers; lines that cannot be read are Problems."""
        return self._lines


class Container:
    """An open roster file. `names` are the tables by their lower-case name without ".csv"; `single` when it is one CSV."""

    def __init__(self, path: Path, progress: Callable[[int], None] = lambda _: None) -> None:
        """Raises OperatorError when there is no such file, or it is none of these kinds, or it is a bomb."""
        self.path = path
        self.single = False
        self._progress = progress
        self._done = 0
        self._digest = hashlib.sha256()
        self._open: dict[str, Callable[[], BinaryIO]] = {}
        self._workbook: Workbook | None = None
        self._close = ExitStack()
        self.size = 0
        try:
            self._look()
        except BaseException:
            self._close.close()
            raise

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *_: object) -> None:
        self._close.close()

    @property
    def names(self) -> list[str]:
        """The tables that there are."""
        return list(self._workbook.sheets if self._workbook else self._open)

    @property
    def sha256(self) -> str:
        """Of everything that was read so far: of a workbook its octets, of CSV files their lines."""
        return self._digest.hexdigest()

    @property
    def sheets(self) -> bool:
        """Whether the tables are sheets of a workbook."""
        return self._workbook is not None

    def table(self, name: str) -> Table:
        """Read a table from its beginning. Raises OperatorError when it is of no use."""
        if self._workbook is not None:
            shown = f"sheet {self._workbook.sheets[name]!r}"
            rows = self._workbook.rows(name)
            header = next(rows, (1, []))[1]
            return Table(shown, header, self._fitted(rows, len(header)))
        shown = self.path.name if self.single else f"{name}.csv"
        file = self._close.enter_context(self._open[name]())
        lines = CsvLines(file, shown, self._told)
        return Table(shown, lines.header, lines.rows())

    def _fitted(self, rows: Iterator[tuple[int, list[str]]], width: int) -> Lines:
        """Rows of a sheet as wide as its header: a sheet leaves out what is empty at the end, or has stray cells."""
        for line, fields in rows:
            if any(fields[width:]):
                yield Problem(line, f"has a value in column {width + 1}, beyond the header")
            elif any(fields):
                yield line, fields[:width] + [""] * (width - len(fields))

    def _told(self, octets: bytes) -> None:
        self._digest.update(octets)
        before, self._done = self._done, self._done + len(octets)
        if before >> 20 != self._done >> 20:
            self._progress(self._done)

    def _look(self) -> None:
        try:
            status = self.path.stat()
            if stat.S_ISDIR(status.st_mode):
                found = {path.stem.lower(): path for path in sorted(self.path.iterdir()) if path.suffix.lower() == ".csv"}
                self._open = {name: partial(_open_file, path) for name, path in found.items()}
                self.size = sum(path.stat().st_size for path in found.values())
            elif not stat.S_ISREG(status.st_mode):
                raise OperatorError(f"{self.path} is neither a file nor a folder: save the roster first")
            elif zipfile.is_zipfile(self.path):
                self._look_into_zip()
            elif self.path.suffix.lower() in {".xlsx", ".xlsm", ".zip", ".xls", ".ods"}:
                raise OperatorError(f"{self.path} is no XLSX workbook and no zip: save it as .xlsx or as CSV UTF-8")
            else:
                self.single, self.size = True, status.st_size
                self._open = {self.path.stem.lower(): partial(_open_file, self.path)}
        except OSError as error:
            raise OperatorError(f"{self.path} cannot be read: {error.strerror or error}") from None
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise OperatorError(f"{self.path} is a damaged or unusual zip ({error}): make it again") from None
        if not self.names:
            raise OperatorError(f"{self.path} has no CSV files in it")

    def _look_into_zip(self) -> None:
        archive = self._close.enter_context(zipfile.ZipFile(self.path))
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_OCTETS:
            raise OperatorError(f"{self.path} would unpack to more than {MAX_MEMBERS} files or {MAX_OCTETS >> 30} GiB")
        for member in members:
            if member.file_size > SMALL and member.file_size > MAX_RATIO * member.compress_size:
                raise OperatorError(
                    f"{member.filename!r} in {self.path} would unpack to {MAX_RATIO} times its size: a zip bomb?"
                )
            if member.flag_bits & 1:
                raise OperatorError(f"{member.filename!r} in {self.path} is encrypted: make the zip without a password")
        if any(member.filename == "[Content_Types].xml" for member in members):
            with self.path.open("rb") as file:
                while octets := file.read(1 << 20):
                    self._told(octets)
            self._workbook = self._close.enter_context(Workbook(self.path, members))
            self.size = self.path.stat().st_size
            return
        folders = {member.filename.rpartition("/")[0] for member in members if member.filename.lower().endswith(".csv")}
        if len(folders) > 1:
            raise OperatorError(f"{self.path} has CSV files in several folders: put them into one")
        for member in members:
            name = member.filename.rpartition("/")[2].lower()
            if name.endswith(".csv"):
                self._open[name.removesuffix(".csv")] = partial(_open_member, archive, member)
                self.size += member.file_size


def _open_file(path: Path) -> BinaryIO:
    return path.open("rb", buffering=1 << 20)


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    return cast("BinaryIO", archive.open(member))

"""An XLSX workbook (ECMA-376) as tables of texts, read row by row with openpyxl.

Cells become what a person would type into a CSV: a date 2026-09-01, a whole number without ".0", a truth value yes or no.
"""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from radius.errors import OperatorError

MAX_TEXTS = 256 << 20  # octets of sharedStrings.xml, which openpyxl keeps in memory
_PROLOG = 4096


class Workbook:
    """An open workbook; `sheets` are the visible sheets' titles by their lower-case form."""

    def __init__(self, path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
        """`members` are what the zip has. Raises OperatorError for what is no workbook, or would not fit into memory."""
        self._path = path
        for member in members:
            if member.filename.lower().endswith("sharedstrings.xml") and member.file_size > MAX_TEXTS:
                raise OperatorError(f"{path} has more than {MAX_TEXTS >> 20} MiB of texts: save its sheets as CSV UTF-8")
        self._refuse_entities(members)
        try:
            self._book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        except (InvalidFileException, KeyError, ValueError, OSError, ParseError, zipfile.BadZipFile) as error:
            raise OperatorError(f"{path} is not a readable XLSX workbook ({error}): save it again as .xlsx") from None
        self.sheets = {
            sheet.title.strip().lower(): sheet.title for sheet in self._book.worksheets if sheet.sheet_state == "visible"
        }

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    def rows(self, name: str) -> Iterator[tuple[int, list[str]]]:
        """The rows of a sheet that are not empty, with their numbers."""
        sheet = self._book[self.sheets[name]]
        sheet.reset_dimensions()  # what the file says of its size is often wrong
        try:
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                if any(cell is not None for cell in cells):
                    yield number, [_text(cell) for cell in cells]
        except (KeyError, ValueError, ParseError, zipfile.BadZipFile, EOFError) as error:
            raise OperatorError(f"sheet {self.sheets[name]!r} of {self._path} is damaged ({error}): save it again") from None

    def _refuse_entities(self, members: Sequence[zipfile.ZipInfo]) -> None:
        """A workbook's parts have no document type; one that has is made to blow up (entities in entities)."""
        with zipfile.ZipFile(self._path) as archive:
            for member in members:
                if member.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(member) as part:
                        if b"<!DOCTYPE" in part.read(_PROLOG):
                            raise OperatorError(
                                f"{self._path} has a document type in {member.filename!r}: it is no workbook of Excel"
                            )


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)

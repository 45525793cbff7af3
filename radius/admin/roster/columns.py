"""The names of tables and columns of a plain roster, in English and Serbian, however they are written.

`Корисничко име`, `korisničko_ime` and `KORISNICKO IME` are one name: letters are made Latin and small, marks and signs go.
"""

import unicodedata
from collections.abc import Mapping, Sequence

from radius.admin import checks
from radius.audit.cyrillic import to_latin
from radius.errors import OperatorError

TABLES = {
    "people": ("people", "persons", "users", "ljudi", "osobe", "korisnici", "ucenici", "zaposleni"),
    "schools": ("schools", "skole"),
    "terms": ("terms", "semesters", "polugodista", "periodi"),
    "classes": ("classes", "odeljenja", "razredi"),
    "enrolments": ("enrolments", "enrollments", "upisi"),
}

PEOPLE = {
    "id": ("id", "sifra", "oznaka", "externalid", "sourcedid"),
    "username": ("username", "user", "login", "korisnickoime", "korisnik"),
    "password": ("password", "lozinka", "sifrazaprijavu"),
    "nt_hash": ("nthash",),
    "display_name": ("displayname", "name", "fullname", "imeiprezime", "prezimeiime"),
    "first_name": ("firstname", "givenname", "ime"),
    "last_name": ("lastname", "familyname", "surname", "prezime"),
    "school": ("school", "skola"),
    "role": ("role", "uloga"),
    "classes": ("classes", "class", "odeljenje", "odeljenja"),
    "grade": ("grade", "grades", "razred"),
    "groups": ("groups", "group", "grupe", "grupa"),
    "valid_from": ("validfrom", "vaziod", "od"),
    "valid_until": ("validuntil", "vazido", "do"),
    "disabled": ("disabled", "iskljucen", "onemogucen"),
}
SCHOOLS = {
    "school": ("school", "name", "skola", "oznaka"),
    "title": ("title", "naziv"),
    "timezone": ("timezone", "vremenskazona"),
    "language": ("language", "jezik"),
    "tags": ("tags", "oznake"),
}
TERMS = {
    "term": ("term", "semester", "polugodiste", "period"),
    "first_day": ("firstday", "from", "start", "startdate", "prvidan", "od", "pocetak"),
    "last_day": ("lastday", "until", "end", "enddate", "poslednjidan", "do", "kraj"),
}
CLASSES = {
    "class": ("class", "odeljenje", "razred"),
    "school": ("school", "skola"),
    "terms": ("terms", "term", "semesters", "semester", "polugodista", "polugodiste", "periodi", "period"),
}
ENROLMENTS = {
    "person": ("person", "id", "username", "user", "korisnickoime", "korisnik", "sifra"),
    "class": ("class", "odeljenje", "razred"),
    "school": ("school", "skola"),
    "first_day": ("firstday", "from", "prvidan", "od"),
    "last_day": ("lastday", "until", "poslednjidan", "do"),
    "role": ("role", "as", "kao", "uloga"),
}


def plain_form(text: str) -> str:
    """A name as it is compared: `Корисничко име` is `korisnickoime`."""
    latin = unicodedata.normalize("NFKD", to_latin(text).replace("đ", "dj").replace("Đ", "dj"))
    return "".join(letter for letter in latin.casefold() if letter.isascii() and letter.isalnum())


def find_columns(header: Sequence[str], known: Mapping[str, Sequence[str]], table: str) -> dict[str, int]:
    """The place of each column of `known` that the header has. Raises OperatorError for one that nobody knows."""
    names = {alias: column for column, aliases in known.items() for alias in aliases}
    found: dict[str, int] = {}
    for place, text in enumerate(header):
        column = names.get(plain_form(text))
        if column is None:
            if not text.strip():
                raise OperatorError(f"{table}, line 1: column {place + 1} has no name: name it, or remove it")
            raise OperatorError(
                f"{table}, line 1: there is no column {text.strip()!r}; {checks.near(text.lower(), known, 'columns')}"
            )
        if column in found:
            raise OperatorError(f"{table}, line 1: the column {column!r} is there twice")
        found[column] = place
    return found


def find_table(name: str) -> str | None:
    """Which of TABLES a file or sheet of that name is."""
    form = plain_form(name)
    return next((table for table, aliases in TABLES.items() if form in aliases), None)

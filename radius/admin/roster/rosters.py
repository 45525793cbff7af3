"""The use cases: a roster file read and compared (`planned`), applied (`apply`), and the rosters that there are.

`planned` reads everything and changes nothing; a plan with problems cannot be applied, so a bad file changes nothing. `apply`
works in sets of some thousand people, each one transaction with its audit row, while the server serves. It writes new schools
first, then people with their memberships, then terms and classes: what an interruption leaves undone still looks undone, and
the same file again does the rest.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, case, func, select

from radius.admin import checks
from radius.admin.context import Admin
from radius.admin.roster.compare import Comparison, Outcome, What
from radius.admin.roster.container import Container
from radius.admin.roster.guards import Guard, guards
from radius.admin.roster.leaving import leavers
from radius.admin.roster.oneroster import is_oneroster, read_oneroster
from radius.admin.roster.overlay import overlay
from radius.admin.roster.plain import read_plain
from radius.admin.roster.reading import Extent, Known, Read
from radius.admin.roster.references import check_references, surroundings
from radius.admin.roster.staging import Problem, Staging
from radius.admin.roster.structure import structure_changes
from radius.admin.schools import school_named, timezones
from radius.errors import OperatorError
from radius.store.tables import people, roster_schools, rosters

CHUNK = 2_000  # people compared at once, and applied in one transaction
SHOWN = 20  # of each kind of change, told one by one

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


class Options(Struct, frozen=True):
    """How a file is to be understood. `school` is whose people they are where the file has no such column; `named` the short
    names of schools by the roster's ids; `shortest` the least length of a first password."""

    school: str | None = None
    named: Mapping[str, str] = {}
    shortest: int = checks.PASSWORD_LENGTH


USUAL = Options()


class Summary(Struct, frozen=True):
    """What a plan would do. `people` counts by What, `schools` by school and What; `samples` are the first of each. `begun` and
    `ended` count memberships, `structure` terms, classes and schools that differ, `classless` who loses all her classes."""

    people: Mapping[str, int]
    schools: Mapping[str, Mapping[str, int]]
    samples: Mapping[str, tuple[Outcome, ...]]
    new_schools: tuple[str, ...]
    begun: int
    ended: int
    leaving_roles: Mapping[str, int]
    leaving_schools: Mapping[str, int]
    classless: int
    structure: int


class Plan:
    """A roster file that was read and compared. Good until the `planned` that made it ends."""

    def __init__(
        self,
        roster: str,
        read: Read,
        staging: Staging,
        comparison: Comparison,
        summary: Summary,
        present: Mapping[str, int],
        sha256: str,
    ) -> None:
        self.roster = roster
        self.read = read
        self.staging = staging
        self.comparison = comparison
        self.summary = summary
        self.sha256 = sha256
        self._present = present

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The first of them; `bad` counts all."""
        return tuple(self.staging.problems)

    @property
    def bad(self) -> int:
        """How many problems the file has."""
        return self.staging.bad

    @property
    def is_empty(self) -> bool:
        """Whether the store is already as the file says."""
        idle = {What.UNCHANGED, What.PASSED_OVER}
        done = all(not number for what, number in self.summary.people.items() if what not in idle)
        return done and not (self.summary.begun or self.summary.ended or self.summary.structure or self.summary.new_schools)

    def guards(self, leaving: int | None = None, classless: int | None = None) -> list[Guard]:
        """What stands against applying it, when these numbers were confirmed."""
        told = self.summary
        return guards(self._present, told.leaving_schools, told.leaving_roles, told.classless, leaving, classless)


class Roster(Struct, frozen=True):
    """A roster that was imported: its kind, when it last changed something, people in it and people who left."""

    name: str
    kind: str
    time: float
    people: int
    left: int


@contextmanager
def planned(
    admin: Admin, roster: str, path: Path, options: Options = USUAL, progress: Progress = lambda *_: None
) -> Iterator[Plan]:
    """Read a roster file and compare it with the store, which stays as it is.

    Raises OperatorError when the file as a whole is of no use; what is wrong with its lines is in the plan.
    """
    checks.slug(roster, "the roster")
    with Staging() as staging:
        with Container(path, lambda done, size: progress("Reading", done, size)) as container:
            kind = "oneroster" if is_oneroster(container) else "plain"
            with admin.reading() as connection:
                former = connection.execute(select(rosters.c.kind).where(rosters.c.name == roster)).scalar()
                known = _known(connection, roster, options)
            if former is not None and former != kind:
                raise OperatorError(f"the roster {roster!r} comes as {former}, and {path} is {kind}: give it another --name")
            read = (read_oneroster if kind == "oneroster" else read_plain)(container, staging, known)
            progress("Reading", container.size, container.size)
            sha256 = container.sha256
        if former is None and Extent.DELTA in read.extents.values():
            raise OperatorError(f"there is no roster {roster!r} yet, and {path} is a delta: import a bulk file first")
        staging.finish_reading()
        with admin.reading() as connection:
            extents = {name: extent for name, extent in read.extents.items() if name != "courses"}
            if former is not None and set(extents.values()) != {Extent.BULK}:
                overlay(connection, staging, roster, extents)
            check_references(staging, read.extents.get("courses", Extent.ABSENT))
            zones = timezones(connection)
            comparison = Comparison(admin.keyring, roster, surroundings(staging, zones, kind), admin.now())
            present = _present(connection, roster)
            summary = _summary(connection, staging, comparison, read, roster, zones, progress)
        yield Plan(roster, read, staging, comparison, summary, present, sha256)


def list_rosters(admin: Admin) -> list[Roster]:
    """Every roster, by name."""
    left = func.count(case((people.c.left_at > 0, 1)))
    with admin.reading() as connection:
        query = select(people.c.roster, func.count(), left).where(people.c.roster != "").group_by(people.c.roster)
        counted = {row[0]: (row[1] - row[2], row[2]) for row in connection.execute(query)}
        return [
            Roster(row.name, row.kind, row.time, *counted.get(row.name, (0, 0)))
            for row in connection.execute(select(rosters).order_by(rosters.c.name))
        ]


def _known(connection: Connection, roster: str, options: Options) -> Known:
    if options.school is not None:
        school_named(connection, options.school)
    mapped = connection.execute(select(roster_schools).where(roster_schools.c.roster == roster))
    named = {id_: checks.slug(short, "the school") for id_, short in options.named.items()}
    return Known(timezones(connection), {row.id: row.school for row in mapped}, named, options.school, options.shortest)


def _present(connection: Connection, roster: str) -> dict[str, int]:
    query = select(people.c.school, func.count()).where(people.c.roster == roster, people.c.left_at == 0)
    return {row[0]: row[1] for row in connection.execute(query.group_by(people.c.school))}


def _summary(
    connection: Connection,
    staging: Staging,
    comparison: Comparison,
    read: Read,
    roster: str,
    zones: Mapping[str, str],
    progress: Progress,
) -> Summary:
    counting = _Counting()
    total = staging.sql.execute("SELECT count(*) FROM people").fetchone()[0]
    pairs, done = staging.people(), 0
    while chunk := list(islice(pairs, CHUNK)):
        for outcome in comparison.compare(connection, chunk, dry=True):
            if isinstance(outcome, tuple):
                staging.problem("people", *outcome)
            else:
                counting.add(outcome)
        staging.touch(counting.touched())
        done += len(chunk)
        progress("Comparing", done, total)
    if read.extents["people"] is Extent.BULK:
        for row in leavers(connection, staging, roster):
            counting.add(Outcome(What.LEFT, row["roster_id"], row["username"], row["school"], row["role"], (), row))
    shorts = [row[0] for row in staging.sql.execute("SELECT short FROM schools WHERE NOT gone AND short != '' ORDER BY short")]
    new_schools = tuple(dict.fromkeys(short for short in shorts if short not in zones))
    return counting.summary(new_schools, structure_changes(connection, staging, roster, read))


class _Counting:
    def __init__(self) -> None:
        self._people = Counter[str]()
        self._schools: dict[str, Counter[str]] = {}
        self._samples: dict[str, list[Outcome]] = {}
        self._roles, self._leaving = Counter[str](), Counter[str]()
        self._begun = self._ended = self._classless = 0
        self._touched: list[str] = []

    def add(self, outcome: Outcome) -> None:
        self._people[outcome.what] += 1
        self._begun += len(outcome.begun)
        self._ended += len(outcome.ended)
        if not outcome.is_idle or outcome.what is What.ADDED:
            self._touched.append(outcome.id)
        if outcome.what in {What.UNCHANGED, What.PASSED_OVER}:
            return
        self._schools.setdefault(outcome.school, Counter())[outcome.what] += 1
        samples = self._samples.setdefault(outcome.what, [])
        if len(samples) < SHOWN:
            samples.append(outcome)
        if outcome.what is What.LEFT:
            self._roles[outcome.role] += 1
            school = outcome.before["school"] if outcome.before is not None else outcome.school
            self._leaving[school] += 1
        elif outcome.classless:
            self._classless += 1

    def touched(self) -> list[str]:
        touched, self._touched = self._touched, []
        return touched

    def summary(self, new_schools: tuple[str, ...], structure: int) -> Summary:
        return Summary(
            {str(what): self._people[what] for what in What},
            {school: dict(counts) for school, counts in sorted(self._schools.items())},
            {what: tuple(samples) for what, samples in self._samples.items()},
            new_schools,
            self._begun,
            self._ended,
            self._roles,
            self._leaving,
            self._classless,
            structure,
        )

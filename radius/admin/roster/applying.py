"""A plan applied: new schools, then people in sets of one transaction each, then who left, then terms and classes."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import bindparam, delete

from radius.admin import schools
from radius.admin.context import Admin, Change
from radius.admin.merge_people import left, write
from radius.admin.roster.compare import Outcome, Pair, What
from radius.admin.roster.leaving import leavers
from radius.admin.roster.reading import Extent
from radius.admin.roster.references import DEFAULT_TIMEZONE
from radius.admin.roster.rosters import CHUNK, Plan, Progress
from radius.admin.roster.staging import Kind
from radius.admin.roster.structure import write_structure
from radius.audit.conflict import insert_or
from radius.audit.tags import Tag
from radius.errors import OperatorError
from radius.store.bulk import bulk
from radius.store.rows import insert_rows
from radius.store.tables import roster_members, rosters


class Applied(Struct, frozen=True):
    """What an import did: people by what happened to them, and schools that were added."""

    people: dict[str, int]
    schools: tuple[str, ...]


def apply(
    admin: Admin,
    plan: Plan,
    leaving: int | None = None,
    classless: int | None = None,
    progress: Progress = lambda *_: None,
    chunk: int = CHUNK,
) -> Applied:
    """Bring the store to what the plan's file says. `leaving` and `classless` are the numbers that the operator confirmed.

    Raises OperatorError, with nothing changed, while the file has problems or a guard stands.
    """
    if plan.bad:
        raise OperatorError(f"the file has {plan.bad} problems: nothing was changed; mend them, then import it again")
    standing = plan.guards(leaving, classless)
    if standing:
        raise OperatorError(standing[0].message)
    if plan.is_empty:
        return Applied({}, ())
    for short in plan.summary.new_schools:
        _add_school(admin, plan, short)
    counted = Counter[str]()
    total = plan.staging.sql.execute("SELECT count(*) FROM people WHERE touched").fetchone()[0]
    pairs, done = plan.staging.people(touched=True), 0
    with bulk(admin.engine):
        while some := list(islice(pairs, chunk)):
            counted += _apply_people(admin, plan, some)
            done += len(some)
            progress("Importing", done, total)
        if plan.read.extents["people"] is Extent.BULK:
            counted += _apply_leavers(admin, plan, chunk)
        _finish(admin, plan, counted)
    return Applied({str(what): number for what, number in counted.items()}, plan.summary.new_schools)


def _add_school(admin: Admin, plan: Plan, short: str) -> None:
    query = "SELECT title, timezone, language, tags FROM schools WHERE short = ? AND NOT gone"
    title, timezone, language, tags = plan.staging.sql.execute(query, (short,)).fetchone()
    schools.add_school(
        admin,
        short,
        title,
        timezone or DEFAULT_TIMEZONE,
        language or schools.LANGUAGES[1],
        [tag for tag in tags.split("|") if tag],
    )


def _apply_people(admin: Admin, plan: Plan, pairs: Sequence[Pair]) -> Counter[str]:
    """One set. The revision is taken first: from there on nobody else changes people, and what is compared stays so."""

    def compared(change: Change) -> list[Outcome]:
        outcomes = []
        for outcome in plan.comparison.compare(change.connection, pairs, dry=False):
            if isinstance(outcome, tuple):
                raise OperatorError(f"line {outcome[0]}: {outcome[1]} (this was not so before: preview the file again)")
            outcomes.append(outcome)
        return outcomes

    return _apply_set(admin, plan, compared)


def _apply_leavers(admin: Admin, plan: Plan, chunk: int) -> Counter[str]:
    counted = Counter[str]()
    bulk_kinds = [
        kind for kind, name in ((Kind.ROLE, "roles"), (Kind.CLASS, "enrolments")) if plan.read.extents[name] is Extent.BULK
    ]
    while True:

        def compared(change: Change) -> list[Outcome]:
            rows = list(islice(leavers(change.connection, plan.staging, plan.roster), chunk))
            ids = [row["roster_id"] for row in rows]
            table = roster_members
            where = (table.c.roster == plan.roster, table.c.person.in_(ids), table.c.kind.in_(bulk_kinds))
            if ids and bulk_kinds:
                change.connection.execute(delete(table).where(*where))
            return [
                Outcome(What.LEFT, row["roster_id"], row["username"], row["school"], row["role"], (), row, values)
                for row in rows
                if (values := left(row, plan.comparison.gone(row["roster_id"]))) is not None
            ]

        with admin.reading() as connection:
            if next(leavers(connection, plan.staging, plan.roster), None) is None:
                return counted
        counted += _apply_set(admin, plan, compared)


def _apply_set(admin: Admin, plan: Plan, compared: Callable[[Change], list[Outcome]]) -> Counter[str]:
    with admin.change() as change:
        assert change.revision
        outcomes = compared(change)
        write(change, [outcome.values for outcome in outcomes if outcome.values])
        _write_members(change, plan.roster, outcomes)
        counted = Counter(str(outcome.what) for outcome in outcomes)
        named = {outcome.school for outcome in outcomes}
        change.audit(
            Tag.PEOPLE_IMPORTED,
            f"roster {plan.roster}",
            school=named.pop() if len(named) == 1 else "",
            details={
                "file_sha256": plan.sha256,
                **{what: str(number) for what, number in sorted(counted.items())},
            },
        )
    return counted


def _write_members(change: Change, roster: str, outcomes: Sequence[Outcome]) -> None:
    table = roster_members
    ended = [{"of": outcome.id, "in_kind": member.kind, "by": member.id} for outcome in outcomes for member in outcome.ended]
    if ended:
        where = (table.c.person == bindparam("of"), table.c.kind == bindparam("in_kind"), table.c.id == bindparam("by"))
        change.connection.execute(delete(table).where(table.c.roster == roster, *where), ended)
    columns = ("roster", "person", "kind", "id", "target", "role", "main", "first", "end")
    begun = [(roster, outcome.id, *astuple(member)) for outcome in outcomes for member in outcome.begun]
    insert_rows(change.connection, table, columns, begun)


def _finish(admin: Admin, plan: Plan, counted: Counter[str]) -> None:
    """Terms, classes and the roster itself, at the end: until then the same file again finds that they are to be done."""
    with admin.change() as change:
        structure = write_structure(change.connection, plan.staging, plan.roster, plan.read)
        values = {"kind": plan.read.kind, "time": change.now, "file_sha256": plan.sha256}
        made = insert_or(change.connection, rosters).values(name=plan.roster, **values)
        change.connection.execute(made.on_conflict_do_update(index_elements=["name"], set_=values))
        details = {"file_sha256": plan.sha256, "kind": plan.read.kind, "terms_and_classes": str(structure)}
        details |= {what: str(number) for what, number in sorted(counted.items())}
        change.audit(Tag.ROSTER_IMPORTED, f"roster {plan.roster}", details=details)

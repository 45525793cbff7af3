"""`kapija roster`: schools, people, classes and enrolments from a school register's export."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from radius.admin.roster import leaving
from radius.admin.roster.applying import apply
from radius.admin.roster.compare import Outcome, What
from radius.admin.roster.rosters import Options, Plan, list_rosters, planned
from radius.cli.frame import At, Cell, administrator, json_option, pass_home, say, show_one, show_table, warn
from radius.cli.progress import progress_bar
from radius.errors import OperatorError
from radius.settings import Home

MARKS = {What.ADDED: "+", What.CHANGED: "~", What.RETURNED: "+", What.LEFT: "-"}
SCHOOLS_SHOWN = 30
Function = Callable[..., None]


@click.group()
def roster() -> None:
    """Rosters: schools, people, classes and enrolments from a register's export (docs/roster.md)."""


def _source(command: Function) -> Function:
    """What both `preview` and `import` take."""
    for option in reversed(
        (
            click.argument("file", type=click.Path(exists=True, path_type=Path)),
            click.option(
                "--name", default="register", show_default=True, help="The roster's name here; each has its own people."
            ),
            click.option("--school", help="The school of everybody in a plain file without the column 'school'."),
            click.option(
                "--name-school", multiple=True, metavar="ID=SHORT", help="Which school here an organisation of the file is."
            ),
            click.option(
                "--min-length", type=click.IntRange(1, 128), default=8, show_default=True, help="Of a first password."
            ),
            json_option,
        )
    ):
        command = option(command)
    return command


@roster.command()
@_source
@pass_home
def preview(
    home: Home, file: Path, name: str, school: str | None, name_school: tuple[str, ...], min_length: int, as_json: bool
) -> None:
    """Say what importing FILE would change; nothing is changed.

    FILE is a OneRoster 1.2 zip or folder, an XLSX workbook, a CSV file, or a folder or zip of CSV files.
    """
    options = _options(school, name_school, min_length)
    with administrator(home) as admin, progress_bar() as progress, planned(admin, name, file, options, progress) as plan:
        _show(plan, as_json)
        _refuse_bad(plan, file)
        for guard in plan.guards():
            warn(f"importing it {guard.message}")


@roster.command("import")
@_source
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--remove", type=int, metavar="N", help="Yes, exactly N people left.")
@click.option("--remove-from-classes", type=int, metavar="N", help="Yes, exactly N people are in no class any more.")
@pass_home
def import_(
    home: Home,
    file: Path,
    name: str,
    school: str | None,
    name_school: tuple[str, ...],
    min_length: int,
    as_json: bool,
    yes: bool,
    remove: int | None,
    remove_from_classes: int | None,
) -> None:
    """Show what FILE changes, ask, and do it.

    A file with a mistake in it changes nothing. It may run while the server serves, be interrupted, and be repeated.
    """
    options = _options(school, name_school, min_length)
    with administrator(home) as admin, progress_bar() as progress, planned(admin, name, file, options, progress) as plan:
        if not as_json or plan.bad:
            _show(plan, as_json)
        _refuse_bad(plan, file)
        for guard in plan.guards(remove, remove_from_classes):
            raise OperatorError(f"importing it {guard.message}")
        if not plan.is_empty and not yes and not click.confirm("Import it?", err=True):
            raise OperatorError("nothing was changed: answer y, or use --yes")
        done = apply(admin, plan, remove, remove_from_classes, progress)
    counts: dict[str, Cell] = {str(what): done.people.get(what, 0) for what in What if what is not What.PASSED_OVER}
    if as_json:
        show_one({**counts, "new_schools": done.schools}, as_json)
    elif plan.is_empty:
        say("Nothing was changed: everything is as the file has it.")
    else:
        say("Imported: " + ", ".join(f"{number} {what}" for what, number in counts.items() if number) + ".")


@roster.command("list")
@json_option
@pass_home
def list_(home: Home, as_json: bool) -> None:
    """List the rosters that were imported."""
    with administrator(home) as admin:
        rows = [(each.name, each.kind, each.people, each.left, At(each.time)) for each in list_rosters(admin)]
    show_table(rows, ("name", "kind", "people", "left", "changed"), as_json)


@roster.command("erase-left")
@click.argument("name")
@click.option("--days", type=click.IntRange(0, 36_500), required=True, help="Those who left at least so many days ago.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_home
def erase_left(home: Home, name: str, days: int, yes: bool) -> None:
    """Erase for ever those who left the roster NAME long ago: accounts, devices, and the names in the audit log."""
    with administrator(home) as admin:
        gone = leaving.left_before(admin, name, admin.now() - days * 86_400)
        if not gone:
            say(f"Nobody left {name} so long ago.")
            return
        if not yes and not click.confirm(
            f"Erase {len(gone)} people who left {name} at least {days} days ago for ever?", err=True
        ):
            raise OperatorError("nobody was erased: answer y, or use --yes")
        erased = leaving.erase_left(admin, gone)
    say(f"Erased: {erased}. Backups that were made before still have all of it.")


def _options(school: str | None, name_school: tuple[str, ...], min_length: int) -> Options:
    named = {}
    for text in name_school:
        id_, equals, short = text.partition("=")
        if not equals or not id_ or not short:
            raise click.UsageError(f"--name-school must be ID=SHORT, not {text!r}")
        named[id_] = short
    return Options(school, named, min_length)


def _refuse_bad(plan: Plan, file: Path) -> None:
    if plan.bad:
        noun = "problem" if plan.bad == 1 else "problems"
        raise OperatorError(f"{file} has {plan.bad} {noun}: nothing was changed; mend the file, then try again")


def _show(plan: Plan, as_json: bool) -> None:
    told = plan.summary
    if as_json:
        fields: dict[str, Cell] = {
            **told.people,
            "new_schools": told.new_schools,
            "memberships_begun": told.begun,
            "memberships_ended": told.ended,
            "problems": [f"{problem.place}: {problem.message}" for problem in plan.problems],
            "bad": plan.bad,
            "guards": [guard.message for guard in plan.guards()],
            "notes": plan.read.notes,
            "samples": [_line(outcome) for what in MARKS for outcome in told.samples.get(what, ())],
        }
        show_one(fields, as_json)
        return
    for problem in plan.problems:
        warn(f"{problem.place}: {problem.message}")
    if plan.bad > len(plan.problems):
        warn(f"and {plan.bad - len(plan.problems)} problems more")
    for note in plan.read.notes:
        warn(note)
    for school in told.new_schools:
        say(f"+ school {school}")
    for what, mark in MARKS.items():
        samples = told.samples.get(what, ())
        for outcome in samples:
            say(_line(outcome))
        more = told.people[what] - len(samples)
        if more > 0:
            say(f"{mark} and {more} more who {'are' if what is What.ADDED else 'have'} {what}")
    _show_schools(told.schools)
    say(
        ", ".join(f"{number} {what}" for what, number in told.people.items())
        + f"; {told.begun} memberships begin, {told.ended} end."
    )


def _show_schools(schools: Mapping[str, Mapping[str, int]]) -> None:
    biggest = sorted(schools.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))[:SCHOOLS_SHOWN]
    if len(schools) > 1:
        show_table([(school, *(counts.get(what, 0) for what in MARKS)) for school, counts in biggest], ("school", *MARKS))
    if len(schools) > len(biggest):
        say(f"and {len(schools) - len(biggest)} schools more")


def _line(outcome: Outcome) -> str:
    """One line of the diff: `~ petar (os-vuk, staff): role student -> staff`."""
    line = f"{MARKS[outcome.what]} {outcome.username} ({outcome.school}, {outcome.role})"
    told = [words for field in outcome.fields if (words := _change(outcome, field))]
    if outcome.what is What.LEFT:
        told = ["is disabled"]
    return f"{line}: {'; '.join(told)}" if told else line


def _change(outcome: Outcome, field: str) -> str:
    if outcome.before is None or outcome.values is None or field in {"roster_facts", "barred", "left_at", "roster_id", "nt"}:
        return ""
    if field == "enrolled":
        before, after = ({span[0] for span in whose["enrolled"]} for whose in (outcome.before, outcome.values))
        parts = [f"+{group}" for group in sorted(after - before)] + [f"-{group}" for group in sorted(before - after)]
        return " ".join(parts) or "other times of classes"
    if field in {"username", "school", "role", "disabled"}:
        return f"{field} {outcome.before[field]} -> {outcome.values[field]}"
    return {"display_name": "another name", "verifier": "a first password", "roster": "joins the roster"}.get(
        field, f"other {field}"
    )

"""`kapija user`: people with a local account."""

from collections.abc import Callable
from pathlib import Path

import click

from radius.admin import importing, people
from radius.admin.credentials import Keeping
from radius.admin.importing import Checked
from radius.admin.people import Person
from radius.cli.frame import (
    At,
    Cell,
    administrator,
    json_option,
    pass_home,
    read_secret,
    say,
    secret_options,
    show_one,
    show_table,
    warn,
)
from radius.cli.progress import progress_bar
from radius.errors import OperatorError
from radius.settings import Home

COLUMNS = (
    "username",
    "display_name",
    "school",
    "role",
    "groups",
    "disabled",
    "valid_from",
    "valid_until",
    "methods",
    "roster",
    "enrolled",
    "left_at",
)

SHORT = ("username", "name", "school", "role", "groups", "account")

MIN_LENGTH = click.option(
    "--min-length", type=click.IntRange(1, 128), default=8, show_default=True, help="The least length of a password."
)


def _keeping(command: Callable[..., None]) -> Callable[..., None]:
    chap = click.option("--allow-chap", is_flag=True, help="Keep the password so that CHAP can be answered (it can be read).")
    strong = click.option("--strong", is_flag=True, help="Keep argon2id alone: no MS-CHAP, no CHAP.")
    return chap(strong(command))


def _choice(allow_chap: bool, strong: bool) -> Keeping | None:
    if allow_chap and strong:
        raise click.UsageError("choose --allow-chap or --strong: a password kept as argon2id cannot answer CHAP")
    return Keeping.CHAP if allow_chap else Keeping.STRONG if strong else None


@click.group()
def user() -> None:
    """People: pupils, staff and guests with a local account."""


@user.command()
@click.argument("username")
@click.option("--school", required=True, help="The short name of the person's school.")
@click.option("--role", required=True, help="student, staff, guest, or another that the rules know.")
@click.option("--name", "display_name", default="", help="The person's name for people.")
@click.option("--group", "groups", multiple=True, help="A class or other group; may be repeated.")
@click.option("--valid-from", default="", metavar="DAY", help="The first day, as 2026-09-01.")
@click.option("--valid-until", default="", metavar="DAY", help="The last day, as 2027-06-30.")
@_keeping
@MIN_LENGTH
@secret_options("password")
@json_option
@pass_home
def add(
    home: Home,
    username: str,
    school: str,
    role: str,
    display_name: str,
    groups: tuple[str, ...],
    valid_from: str,
    valid_until: str,
    allow_chap: bool,
    strong: bool,
    min_length: int,
    password_stdin: bool,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Add a person. The password is asked for, unless it comes from standard input or a file."""
    keeping = _choice(allow_chap, strong) or Keeping.USUAL
    password = read_secret(f"Password of {username}", password_stdin, password_file, confirm=True)
    with administrator(home) as admin:
        person = people.add_person(
            admin,
            username,
            school,
            role,
            password,
            display_name,
            groups,
            valid_from,
            valid_until,
            keeping,
            min_length,
        )
    show_one(_fields(person), as_json)


@user.command()
@click.argument("username")
@_keeping
@click.option("--usual", is_flag=True, help="Keep the password as usual again, after --allow-chap or --strong.")
@MIN_LENGTH
@secret_options("password")
@pass_home
def passwd(
    home: Home,
    username: str,
    allow_chap: bool,
    strong: bool,
    usual: bool,
    min_length: int,
    password_stdin: bool,
    password_file: Path | None,
) -> None:
    """Give a person a new password. It is kept as the old one was, unless an option says otherwise."""
    keeping = _choice(allow_chap, strong)
    if usual and keeping is not None:
        raise click.UsageError("choose one of --usual, --allow-chap and --strong")
    with administrator(home) as admin:
        person = people.get_person(admin, username)  # before anybody types a password for nobody
        password = read_secret(f"New password of {person.username}", password_stdin, password_file, confirm=True)
        person = people.set_password(admin, username, password, Keeping.USUAL if usual else keeping, min_length)
    say(f"{person.username} has a new password, good for {', '.join(person.methods)}.")


@user.command("list")
@click.option("--school", help="Only those of this school.")
@click.option("--role", help="Only those with this role.")
@click.option("--text", default="", help="Only those whose username or name has this text in it.")
@click.option("--after", default="", metavar="USERNAME", help="Begin after this username.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True)
@json_option
@pass_home
def list_(home: Home, school: str | None, role: str | None, text: str, after: str, limit: int, as_json: bool) -> None:
    """List people by username."""
    with administrator(home) as admin:
        found = people.list_people(admin, school, role, text, after, limit + 1)
    shown = found[:limit]
    if as_json:
        show_table((tuple(_fields(person).values()) for person in shown), COLUMNS, as_json)
    else:
        show_table((tuple(_in_short(person).values()) for person in shown), SHORT)
    if len(found) > limit:
        warn(f"there are more: go on with --after {shown[-1].username!r}, or raise --limit")


@user.command()
@click.argument("username")
@pass_home
def disable(home: Home, username: str) -> None:
    """Disable a person's account; sessions under way end with their next re-authentication."""
    with administrator(home) as admin:
        person = people.set_disabled(admin, username, disabled=True)
    say(f"{person.username} is disabled.")


@user.command()
@click.argument("username")
@pass_home
def enable(home: Home, username: str) -> None:
    """Enable a person's account again."""
    with administrator(home) as admin:
        person = people.set_disabled(admin, username, disabled=False)
    say(f"{person.username} is enabled.")


@user.command()
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_home
def erase(home: Home, username: str, yes: bool) -> None:
    """Erase a person for ever: the account, the own devices, and the name in the audit log."""
    with administrator(home) as admin:
        person = people.get_person(admin, username)
        if not yes and not click.confirm(f"Erase {person.username} of {person.school} for ever?", err=True):
            raise OperatorError("nothing was erased: answer y, or use --yes")
        gone = people.erase_person(admin, username)
    say(f"The person is erased, with {_count(gone, 'device')} of her own. Backups that were made before still have all of it.")


@user.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--school", help="The school of everybody in a file without the column 'school'.")
@click.option("--skip-bad", is_flag=True, help="Go on without the lines that are bad.")
@click.option("--check-only", is_flag=True, help="Check the file and change nothing.")
@MIN_LENGTH
@json_option
@pass_home
def import_(
    home: Home, file: Path, school: str | None, skip_bad: bool, check_only: bool, min_length: int, as_json: bool
) -> None:
    """Add and change people from a CSV file (docs/people.md has the columns).

    The whole file is checked first; while a line is bad nothing is changed, unless --skip-bad is given. It may run while the
    server serves, be interrupted, and be repeated.
    """
    size = file.stat().st_size
    with administrator(home) as admin:
        with progress_bar() as move:
            checked = importing.check_file(admin, file, school, min_length, lambda done: move("Checking", done, size))
        _tell_problems(checked)
        if check_only or (checked.bad and not skip_bad):
            if as_json:
                show_one(_checked_fields(checked), as_json)
            else:
                _tell_checked(checked)
            if checked.bad:
                raise OperatorError(
                    f"{file} has {_count(len(checked.bad), 'bad line')}: nothing was changed; mend them, or use --skip-bad"
                )
            return
        with progress_bar() as move:
            done = importing.apply_file(admin, checked, skip_bad, lambda done: move("Importing", done, size))
    fields: dict[str, Cell] = {
        "added": done.added,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "skipped": done.skipped,
        "roles": checked.roles,
    }
    show_one(fields, as_json)


def _tell_problems(checked: Checked) -> None:
    for problem in checked.problems:
        warn(f"line {problem.line}: {problem.message}")
    if len(checked.bad) > len(checked.problems):
        warn(f"and {len(checked.bad) - len(checked.problems)} bad lines more")


def _tell_checked(checked: Checked) -> None:
    good, bad = _count(checked.good, "line"), _count(len(checked.bad), "line")
    say(f"Good: {good}, of which {checked.new} with new people. Bad: {bad}.")


def _checked_fields(checked: Checked) -> dict[str, Cell]:
    return {
        "good": checked.good,
        "new": checked.new,
        "bad": len(checked.bad),
        "problems": [f"line {problem.line}: {problem.message}" for problem in checked.problems],
        "roles": checked.roles,
    }


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def _fields(person: Person) -> dict[str, Cell]:
    return {
        "username": person.username,
        "display_name": person.display_name,
        "school": person.school,
        "role": person.role,
        "groups": person.groups,
        "disabled": person.disabled,
        "valid_from": At(person.valid_from),
        "valid_until": At(person.valid_until),
        "methods": person.methods,
        "roster": person.roster,
        "enrolled": tuple(group for group, _, _ in person.enrolled),
        "left_at": At(person.left_at),
    }


def _in_short(person: Person) -> dict[str, Cell]:
    """What fits a screen; `--json` has everything."""
    return {
        "username": person.username,
        "name": person.display_name,
        "school": person.school,
        "role": person.role,
        "groups": (*person.groups, *dict.fromkeys(group for group, _, _ in person.enrolled)),
        "account": _state(person),
    }


def _state(person: Person) -> str:
    if person.left_at:
        return f"left {str(At(person.left_at))[:10]}"
    if person.disabled:
        return "disabled"
    bounds = [("from", person.valid_from), ("until", person.valid_until - 1)]  # a person reads the last day, not its midnight
    return " ".join(f"{word} {str(At(time))[:10]}" for word, time in bounds if time > 0) or "open"

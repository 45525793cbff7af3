"""`kapija school`: schools, the VLAN ids that their VLAN names mean, their calendars."""

from pathlib import Path

import click

from radius.admin import schools
from radius.cli.frame import Cell, administrator, json_option, pass_home, read_text, say, show_one, show_table
from radius.settings import Home
from radius.store.records import SchoolRecord


@click.group()
def school() -> None:
    """Schools and their VLAN names."""


@school.command()
@click.argument("name")
@click.option("--title", default="", help="The school's full name, in its own script.")
@click.option("--timezone", default="Europe/Belgrade", show_default=True, help="IANA time zone.")
@click.option("--language", type=click.Choice(schools.LANGUAGES), default="sr-Cyrl", show_default=True)
@click.option("--tag", "tags", multiple=True, help="A region or project that national rules may ask for; may be repeated.")
@json_option
@pass_home
def add(home: Home, name: str, title: str, timezone: str, language: str, tags: tuple[str, ...], as_json: bool) -> None:
    """Add a school under the short name NAME (a-z, 0-9 and -)."""
    with administrator(home) as admin:
        record = schools.add_school(admin, name, title, timezone, language, tags)
    if as_json:
        show_one(_fields(record), as_json)
    else:
        say(f"{record.name} is added. Next: 'kapija school vlan {record.name} pupils 20' and 'kapija client add'.")


@school.command("list")
@json_option
@pass_home
def list_(home: Home, as_json: bool) -> None:
    """List the schools."""
    with administrator(home) as admin:
        records = schools.list_schools(admin)
    columns = ("name", "title", "timezone", "language", "tags", "vlans", "calendar")
    show_table((tuple(_fields(record)[column] for column in columns) for record in records), columns, as_json)


@school.command()
@click.argument("name")
@click.argument("vlan", required=False)
@click.argument("number", metavar="[ID]", type=int, required=False)
@click.option("--remove", is_flag=True, help="Take the VLAN name away.")
@json_option
@pass_home
def vlan(home: Home, name: str, vlan: str | None, number: int | None, remove: bool, as_json: bool) -> None:
    """Show which VLAN id each VLAN name means in school NAME, or let VLAN mean ID (1-4094) there."""
    if vlan is None and remove:
        raise click.UsageError("name the VLAN that is to be removed")
    if vlan is not None and (number is None) != remove:
        raise click.UsageError("give the VLAN's id, or --remove, and not both")
    with administrator(home) as admin:
        if vlan is None:
            record = schools.get_school(admin, name)
        elif number is None:
            record = schools.unmap_vlan(admin, name, vlan)
        else:
            record = schools.map_vlan(admin, name, vlan, number)
    show_table(sorted(record.vlans.items(), key=lambda pair: (pair[1], pair[0])), ("vlan", "id"), as_json)


@school.command()
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--remove", is_flag=True, help="Let the school have no calendar.")
@pass_home
def calendar(home: Home, name: str, file: Path | None, remove: bool) -> None:
    """Set the calendar of school NAME (terms, holidays, bells) from the TOML in FILE; without FILE, print the present one."""
    if file is not None and remove:
        raise click.UsageError("give a file, or --remove, and not both")
    with administrator(home) as admin:
        if file is None and not remove:
            click.echo(schools.get_school(admin, name).calendar, nl=False)
            return
        schools.set_calendar(admin, name, read_text(file) if file is not None else "")
    say(f"{name} has {'no calendar any more' if remove else 'a new calendar'}.")


def _fields(record: SchoolRecord) -> dict[str, Cell]:
    return {
        "name": record.name,
        "title": record.title,
        "timezone": record.timezone,
        "language": record.language,
        "tags": record.tags,
        "vlans": record.vlans,
        "calendar": bool(record.calendar),
    }

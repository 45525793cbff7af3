"""`kapija check`: everything that `serve` needs, each line with its cure."""

from collections.abc import Iterator
from pathlib import Path

import click

from policies.lint import Severity
from radius.admin import policies as use
from radius.admin.context import open_admin
from radius.admin.directory_checks import look as look_at_directories
from radius.admin.findings import Finding, Level, failure
from radius.admin.preflight import preflight
from radius.cli.frame import actor, json_option, pass_home_path, say, show_table
from radius.errors import SettingsError
from radius.settings import Home, load
from radius.vendors import FAMILIES
from radius.wire.dictionary import load as load_dictionary

COLUMNS = ("check", "level", "words", "mend")
MARKS = {Level.OK: "ok  ", Level.WARN: "WARN", Level.FAIL: "FAIL"}
COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command()
@json_option
@pass_home_path
def check(path: Path, as_json: bool) -> None:
    """Look at everything that 'serve' needs, from the settings to the clock, and say how to mend what is wrong.

    Exit status 1 when the server would not start or not work.
    """
    findings = list(look(path))
    if as_json:
        show_table([(one.check, one.level, one.words, one.mend or None) for one in findings], COLUMNS, as_json)
    else:
        for one in findings:
            click.secho(MARKS[one.level], fg=COLOURS[one.level], nl=False)
            say(f"  {one.check}: {one.words}")
            if one.mend:
                say(f"      {one.mend}")
    if any(one.level is Level.FAIL for one in findings):
        click.get_current_context().exit(1)


def look(path: Path) -> Iterator[Finding]:
    """Every finding about the home directory `path`; `serve` asks for the same."""
    try:
        home = load(path)
    except SettingsError as error:
        yield failure("settings", error)
        return
    yield Finding("settings", Level.OK, f"{path / 'kapija.toml'} is valid")
    yield from preflight(home, look_into_store)


def look_into_store(home: Home) -> Iterator[Finding]:
    """What is stored and can be wrong: policies, external directories."""
    yield from lint_policies(home)
    with open_admin(home, actor()) as admin:
        yield from look_at_directories(admin)


def lint_policies(home: Home) -> Iterator[Finding]:
    """What lint finds in every policy in force. Where everything is fine, one line for them all."""
    fine = 0
    with open_admin(home, actor()) as admin:
        versions = use.in_force(admin)
        for version in versions:
            _, text = use.show(admin, version.scope)
            try:
                findings = use.check(admin, version.scope, text, load_dictionary().check, FAMILIES)
            except use.PolicyRefused as refused:
                findings = refused.findings
            name = f"policy {version.scope}"
            for one in findings:
                level = Level.FAIL if one.severity is Severity.ERROR else Level.WARN
                yield Finding(name, level, f"{one.place}: {one.words}", "correct it, then 'kapija policy publish'")
            fine += not findings
    if not versions:
        yield Finding("policy", Level.WARN, "none is published, so nobody gets in", "publish one: kapija policy publish FILE")
    elif fine:
        yield Finding("policy", Level.OK, f"{fine} of {len(versions)} in force, without a remark")

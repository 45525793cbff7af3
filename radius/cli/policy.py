"""`kapija policy`: a scope's rules shown, checked before they are published, published, compared and rolled back."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from policies.lint import Finding, Severity
from policies.rule import NATIONAL
from radius.admin import policies as use
from radius.admin.policies import PolicyRefused, Published, Version
from radius.cli.frame import (
    At,
    Function,
    administrator,
    json_option,
    pass_home,
    printable,
    read_text,
    say,
    show_one,
    show_table,
    warn,
)
from radius.errors import OperatorError
from radius.settings import Home
from radius.vendors import FAMILIES
from radius.wire.dictionary import load as load_dictionary

FINDING_COLUMNS = ("severity", "place", "rule", "words")
VERSION_COLUMNS = ("scope", "version", "time", "author", "note", "sha256")

file_argument = click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
note_option = click.option("--note", default="", help="Why, for the history and the audit log.")


def scope_option(command: Function) -> Function:
    """`--school NAME`, which arrives as `scope`; the national policy without it."""
    return click.option(
        "--school", "scope", metavar="NAME", default=NATIONAL, help="The school.  [default: the national policy]"
    )(command)


@click.group()
def policy() -> None:
    """The rules: show, check, publish and roll back.

    The national policy stands above the schools' own. A document is TOML; policies/examples/ has some to start from.
    """


@policy.command()
@scope_option
@click.option("--version", type=int, help="An earlier version.  [default: the one in force]")
@json_option
@pass_home
def show(home: Home, scope: str, version: int | None, as_json: bool) -> None:
    """Print the policy in force, as it was published."""
    with administrator(home) as admin:
        found, text = use.show(admin, scope, version)
    if as_json:
        show_one({**dict(zip(VERSION_COLUMNS, _row(found), strict=True)), "document": text}, as_json)
        return
    warn(f"{scope} version {found.version}, published by {found.author} at {At(found.time)}")
    if sys.stdout.isatty():
        text = "\n".join(printable(line.expandtabs(4)) for line in text.splitlines())
    click.echo(text, nl=not text.endswith("\n"))  # into a file it goes octet by octet: its hash is kept


@policy.command()
@file_argument
@scope_option
@json_option
@pass_home
def check(home: Home, file: Path, scope: str, as_json: bool) -> None:
    """Say everything that is wrong or odd in FILE (- for standard input); nothing is published.

    Exit status 1 when it could not be published.
    """
    text = read_text(file)
    try:
        with administrator(home) as admin:
            findings = use.check(admin, scope, text, load_dictionary().check, FAMILIES)
    except PolicyRefused as refused:
        findings = refused.findings
    _show_findings(findings, as_json)
    if any(finding.severity is Severity.ERROR for finding in findings):
        click.get_current_context().exit(1)
    if not findings and not as_json:
        say(f"{file} is fine as the policy of {scope}.")


@policy.command()
@file_argument
@scope_option
@note_option
@json_option
@pass_home
def publish(home: Home, file: Path, scope: str, note: str, as_json: bool) -> None:
    """Put FILE (- for standard input) in force; every worker has it within a second."""
    text = read_text(file)
    with administrator(home) as admin:
        try:
            published = use.publish(admin, scope, text, load_dictionary().check, FAMILIES, note)
        except PolicyRefused as refused:
            raise _refusal(refused, as_json) from None
    _show_published(published, as_json)


@policy.command()
@scope_option
@click.option("--all", "everything", is_flag=True, help="The version in force of every scope, instead of one scope's history.")
@json_option
@pass_home
def history(home: Home, scope: str, everything: bool, as_json: bool) -> None:
    """List the versions of a policy, the newest (which is in force) first."""
    with administrator(home) as admin:
        versions = use.in_force(admin) if everything else use.history(admin, scope)
    show_table([_row(version) for version in versions], VERSION_COLUMNS, as_json)


@policy.command()
@click.argument("old", type=int)
@click.argument("new", type=int, required=False)
@scope_option
@pass_home
def diff(home: Home, old: int, new: int | None, scope: str) -> None:
    """Print what changed from version OLD to version NEW (default: the one in force), as a unified diff."""
    with administrator(home) as admin:
        for line in use.diff(admin, scope, old, new):
            say(line)


@policy.command()
@click.argument("version", type=int)
@scope_option
@note_option
@json_option
@pass_home
def rollback(home: Home, version: int, scope: str, note: str, as_json: bool) -> None:
    """Put the text of an earlier VERSION in force again, as a new version."""
    with administrator(home) as admin:
        try:
            published = use.rollback(admin, scope, version, load_dictionary().check, FAMILIES, note)
        except PolicyRefused as refused:
            raise _refusal(refused, as_json) from None
    _show_published(published, as_json)


def _row(version: Version) -> Sequence[str | int | At]:
    return (version.scope, version.version, At(version.time), version.author, version.note, version.sha256)


def _show_findings(findings: Sequence[Finding], as_json: bool, show: Callable[[str], None] = say) -> None:
    if as_json:
        show_table([(one.severity, one.place, one.rule, one.words) for one in findings], FINDING_COLUMNS, as_json)
        return
    for one in findings:
        about = f" (rule {one.rule})" if one.rule else ""
        show(f"{one.severity}: {one.place}{about}: {one.words}")


def _refusal(refused: PolicyRefused, as_json: bool) -> OperatorError:
    """Every fault on the screen, then the one sentence."""
    if len(refused.findings) > 1 and not as_json:
        _show_findings(refused.findings, as_json=False, show=lambda line: click.echo(printable(line), err=True))
    return refused


def _show_published(published: Published, as_json: bool) -> None:
    version = published.version
    if as_json:
        fields = dict(zip(VERSION_COLUMNS, _row(version), strict=True))
        show_one({**fields, "warnings": [f"{one.place}: {one.words}" for one in published.warnings]}, as_json)
        return
    _show_findings(published.warnings, as_json=False)
    say(f"Version {version.version} of {version.scope} is in force (SHA-256 {version.sha256[:16]}…).")
    if version.version > 1:
        school = "" if version.scope == NATIONAL else f" --school {version.scope}"
        before = f"{version.version - 1}{school}"
        say(f"What changed: kapija policy diff {before}. Back: kapija policy rollback {before}")

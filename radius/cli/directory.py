"""`kapija directory`: external directories (LDAP, Active Directory): described, tried, added, changed, looked at."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from radius.admin import directories as use
from radius.admin.directories import External
from radius.admin.directory_fit import wanted_secrets
from radius.admin.directory_templates import PRODUCTS, template
from radius.cli.directory_status import status
from radius.cli.frame import (
    Cell,
    Function,
    administrator,
    json_option,
    pass_home,
    printable,
    read_secret,
    read_text,
    say,
    secret_options,
    show_one,
    show_table,
)
from radius.directory.description import CLIENT_KEY, parse_description
from radius.directory.steps import Step
from radius.directory.trial import try_directory
from radius.errors import OperatorError
from radius.secret import Secret
from radius.settings import Home

STEP_COLUMNS = ("step", "ok", "milliseconds", "detail", "cure")
COLUMNS = ("name", "kind", "position", "realms", "schools", "servers", "state")

file_option = click.option(
    "--file", type=click.Path(path_type=Path, allow_dash=True), help="The description (- for standard input)."
)


def secrets_of_directory(command: Function) -> Function:
    """`--secret-file NAME=FILE`, as often as needed, and `--secret-stdin NAME`, for _given_secrets."""
    with_stdin = click.option("--secret-stdin", metavar="NAME", help="Read the secret NAME from standard input.")(command)
    return click.option(
        "--secret-file", "secret_files", metavar="NAME=FILE", multiple=True, help="Read the secret NAME from a file."
    )(with_stdin)


@click.group()
def directory() -> None:
    """External directories: people in LDAP, Active Directory or Google Workspace.

    Begin with 'kapija directory template'; docs/directories.md has the five steps.
    """


@directory.command("template")
@click.argument("product", type=click.Choice(PRODUCTS))
def template_(product: str) -> None:
    """Print a description for PRODUCT with remarks, to be filled in."""
    click.echo(template(product), nl=False)


@directory.command()
@click.argument("name")
@click.option(
    "--file", required=True, type=click.Path(path_type=Path, allow_dash=True), help="The description (- for standard input)."
)
@click.option("--disabled", is_flag=True, help="Do not ask it yet; 'kapija directory enable' does that.")
@secrets_of_directory
@json_option
@pass_home
def add(
    home: Home,
    name: str,
    file: Path,
    disabled: bool,
    secret_files: tuple[str, ...],
    secret_stdin: str | None,
    as_json: bool,
) -> None:
    """Add a directory under a short NAME; logins are checked there from the next second on.

    The secrets that its description needs are asked for, unless they come from files or standard input.
    """
    document = _document(file, secret_stdin)
    description = parse_description(document)
    secrets = _given_secrets(secret_files, secret_stdin)
    with administrator(home) as admin:
        secrets |= _asked_secrets(use.missing_secrets(admin, name, description, secrets))
        added = use.add_directory(admin, name, document, secrets, disabled=disabled)
    show_one(_fields(added), as_json)
    if not as_json:
        say(f"See that it works: kapija directory test {name} --user SOMEBODY --ask-password")


@directory.command("list")
@json_option
@pass_home
def list_(home: Home, as_json: bool) -> None:
    """List the directories in the order in which they are asked."""
    with administrator(home) as admin:
        found = use.list_directories(admin)
    show_table((tuple(_row(one)) for one in found), COLUMNS, as_json)


@directory.command()
@click.argument("name")
@click.option("--document", is_flag=True, help="Print the description alone, as it was given, to edit it.")
@json_option
@pass_home
def show(home: Home, name: str, document: bool, as_json: bool) -> None:
    """Show a directory: whom it serves, which secrets it has, its description. Secrets themselves are never shown."""
    with administrator(home) as admin:
        found = use.get_directory(admin, name)
    if as_json:
        show_one({**_fields(found), "document": found.document}, as_json)
        return
    if not document:
        show_one(_fields(found))
        click.echo()
    text = found.document
    if sys.stdout.isatty():
        text = "\n".join(printable(line.expandtabs(4)) for line in text.splitlines())
    click.echo(text, nl=not text.endswith("\n"))


@directory.command()
@click.argument("name")
@file_option
@click.option("--secret", "asked", metavar="NAME", multiple=True, help="Ask for a new secret NAME, such as bind_password.")
@secrets_of_directory
@json_option
@pass_home
def change(
    home: Home,
    name: str,
    file: Path | None,
    asked: tuple[str, ...],
    secret_files: tuple[str, ...],
    secret_stdin: str | None,
    as_json: bool,
) -> None:
    """Give a directory another description, new secrets, or both. What is not given stays."""
    secrets = _given_secrets(secret_files, secret_stdin)
    if file is None and not secrets and not asked:
        raise click.UsageError("say what to change: --file for the description, --secret NAME for a secret")
    document = None if file is None else _document(file, secret_stdin)
    with administrator(home) as admin:
        wanted = list(asked)
        if document is not None:
            description = parse_description(document)
            wanted += use.missing_secrets(admin, name, description, {*secrets, *asked})
        secrets |= _asked_secrets(wanted)
        changed = use.change_directory(admin, name, document, secrets)
    show_one(_fields(changed), as_json)


@directory.command()
@click.argument("name")
@pass_home
def disable(home: Home, name: str) -> None:
    """Ask a directory no more, until it is enabled again: its people are unknown meanwhile."""
    with administrator(home) as admin:
        use.set_disabled(admin, name, disabled=True)
    say(f"{name} is not asked any more; its people are unknown until 'kapija directory enable {name}'.")


@directory.command()
@click.argument("name")
@pass_home
def enable(home: Home, name: str) -> None:
    """Ask a disabled directory again."""
    with administrator(home) as admin:
        use.set_disabled(admin, name, disabled=False)
    say(f"{name} is asked again.")


@directory.command()
@click.argument("name")
@pass_home
def remove(home: Home, name: str) -> None:
    """Remove a directory: its people are unknown from now on, and its secrets are destroyed."""
    with administrator(home) as admin:
        use.remove_directory(admin, name)
    say(f"{name} is removed, and its secrets are destroyed.")


@directory.command()
@click.argument("name", required=False)
@click.option(
    "--file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Try this description, added or not (- for standard input).",
)
@click.option("--user", default="", help="Look this person up too, by the name that she logs in with.")
@click.option("--ask-password", is_flag=True, help="Ask for the person's password, and prove it there.")
@secret_options("password")
@secrets_of_directory
@json_option
@pass_home
def test(
    home: Home,
    name: str | None,
    file: Path | None,
    user: str,
    ask_password: bool,
    password_stdin: bool,
    password_file: Path | None,
    secret_files: tuple[str, ...],
    secret_stdin: str | None,
    as_json: bool,
) -> None:
    """Try a directory step by step: connect, TLS, bind, search, groups, mapped role. What fails comes with its cure.

    With --file a description is tried before it is added, or before it replaces that of NAME, whose secrets are then used.
    Exit status 1 when a step failed.
    """
    if name is None and file is None:
        raise click.UsageError("name a directory, or a description with --file")
    if sum((password_stdin, secret_stdin is not None, str(file) == "-")) > 1:
        raise click.UsageError("standard input carries one thing: give the others in files")
    password = _password(user, ask_password, password_stdin, password_file)
    document = read_text(file) if file is not None else None
    secrets = _given_secrets(secret_files, secret_stdin)
    with administrator(home) as admin:
        stored = use.get_directory(admin, name) if name is not None else None
        if document is None and stored is not None:
            document = stored.document
        description = parse_description(document or "")
        missing = use.missing_secrets(admin, name or "", description, secrets)
        kept = use.reveal_secrets(admin, name) if name is not None else {}
    secrets = {
        **{each: kept[each] for each in wanted_secrets(description) if each in kept},
        **secrets,
        **_asked_secrets(missing),
    }
    steps = try_directory(name or "new", description, secrets, user, password)
    _show_steps(steps, as_json)
    if not all(step.ok for step in steps):
        click.get_current_context().exit(1)


directory.add_command(status)


# --- what comes in


def _password(user: str, ask: bool, stdin: bool, file: Path | None) -> Secret | None:
    if not (ask or stdin or file is not None):
        return None
    if not user:
        raise click.UsageError("whose password is it? name the person with --user")
    if ask and (stdin or file is not None):
        raise click.UsageError("ask for the password, or read it from standard input or a file, not both")
    return read_secret(f"Password of {user}", stdin, file)


def _document(file: Path, secret_stdin: str | None) -> str:
    if str(file) == "-" and secret_stdin:
        raise click.UsageError("standard input carries one thing: give the description or the secret in a file")
    return read_text(file)


def _given_secrets(files: Iterable[str], stdin: str | None) -> dict[str, Secret]:
    found = dict[str, Secret]()
    for text in files:
        name, equals, file = text.partition("=")
        if not equals or not name or not file:
            raise click.UsageError(f"--secret-file {text}: write it as --secret-file bind_password=FILE")
        found[name] = read_secret(f"Secret {name}", file=Path(file))
    if stdin is not None:
        if stdin in found:
            raise click.UsageError(f"the secret {stdin} is given twice")
        found[stdin] = read_secret(f"Secret {stdin}", stdin=True)
    return found


def _asked_secrets(names: Iterable[str]) -> dict[str, Secret]:
    found = dict[str, Secret]()
    for name in names:
        if name == CLIENT_KEY:  # lines of PEM: nobody types them
            raise OperatorError(f"the description needs the secret {name}: give it with --secret-file {name}=FILE")
        found[name] = read_secret(f"Secret {name}")
    return found


# --- what is shown


def _show_steps(steps: list[Step], as_json: bool) -> None:
    if as_json:
        rows = ((one.name, one.ok, round(one.milliseconds, 1), one.detail, one.cure or None) for one in steps)
        show_table(rows, STEP_COLUMNS, as_json)
        return
    for one in steps:
        click.secho("ok  " if one.ok else "FAIL", fg="green" if one.ok else "red", nl=False)
        say(f"  {one.name:<8} {one.milliseconds:7.1f} ms  {one.detail}")
        if one.cure:
            say(f"      {one.cure}")


def _row(one: External) -> Iterable[Cell]:
    fields = _fields(one)
    return [fields[column] for column in COLUMNS]


def _fields(one: External) -> dict[str, Cell]:
    state = "disabled" if one.disabled else "asked"
    if one.description is None:
        return {**dict.fromkeys(COLUMNS), "name": one.name, "state": f"cannot be read: {one.error}", "secrets": ()}
    serve = one.description.serve
    return {
        "name": one.name,
        "kind": one.description.kind,
        "position": serve.position,
        "realms": [realm or '""' for realm in serve.realms],
        "schools": serve.schools,
        "servers": one.description.servers,
        "state": state,
        "secrets": wanted_secrets(one.description),
    }

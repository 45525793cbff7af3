"""What every command shares: the home directory, tables or JSON on the screen, secrets that are asked for, fault notes.

Texts that came over the network (user names!) may hold anything, so all output goes through `printable`: a control
character is shown, never obeyed.
"""

import functools
import json
import os
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import click

from radius.errors import OperatorError
from radius.secret import Secret
from radius.settings import Home, load

if TYPE_CHECKING:
    from radius.admin.context import Admin

P = ParamSpec("P")
R = TypeVar("R")
Function = TypeVar("Function", bound=Callable[..., object])


class At(float):
    """Seconds since the epoch that people read as local time and programs as ISO 8601 in UTC. 0 and less: never."""

    def __str__(self) -> str:
        return datetime.fromtimestamp(self).astimezone().strftime("%Y-%m-%d %H:%M:%S") if self > 0 else "-"

    def iso(self) -> str | None:
        """For JSON: `2026-09-01T06:00:00.000Z`, None for never."""
        return datetime.fromtimestamp(self, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if self > 0 else None


Cell = str | int | float | bool | None | Sequence[str] | Mapping[str, int] | Mapping[str, str]


# --- the home directory


def default_home() -> Path:
    """Where a user's home directory of Kapija is when nobody names another (XDG base directories)."""
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "kapija"


class HomeChoice:
    """The home directory that --home, KAPIJA_HOME or the default named; its settings are read when a command asks."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()

    @functools.cached_property
    def home(self) -> Home:
        """The home with its settings. Raises SettingsError."""
        return load(self.path)


def pass_home(command: Callable[Concatenate[Home, P], R]) -> Callable[P, R]:
    """Hand the home directory, its settings read and checked, to a command as its first argument."""

    @functools.wraps(command)
    def with_home(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(_choice().home, *args, **kwargs)

    return with_home


def pass_home_path(command: Callable[Concatenate[Path, P], R]) -> Callable[P, R]:
    """Hand the path alone, for commands that must work before there are settings (`serve --demo`, `check`)."""

    @functools.wraps(command)
    def with_path(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(_choice().path, *args, **kwargs)

    return with_path


def _choice() -> HomeChoice:
    choice = click.get_current_context().find_object(HomeChoice)
    return choice if choice is not None else HomeChoice(default_home())


# --- who acts


def actor() -> str:
    """The person at this command line, for the audit log: the account, and behind sudo the one who called it."""
    import pwd  # noqa: PLC0415

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        name = str(os.getuid())
    caller = os.environ.get("SUDO_USER", "") if os.getuid() == 0 else ""
    return f"cli:{caller}/{name}" if caller and caller != name else f"cli:{name}"


@contextmanager
def administrator(home: Home) -> Iterator["Admin"]:
    """An Admin for this home whose actions the audit log ascribes to whoever types. Raises OperatorError."""
    from radius.admin.context import open_admin  # noqa: PLC0415 - SQLAlchemy costs 150 ms, and --help does not need it

    with open_admin(home, actor()) as admin:
        yield admin


# --- output

# Control, format (bidirectional overrides, zero width), line and paragraph separators, surrogates: everything that could
# move the cursor, hide text or break the output's encoding.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    r"""`text` with everything that a terminal might obey written as an escape, such as \x1b or \u202e."""
    return UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def to_json(value: object, indent: int | None = None) -> str:
    """`value` as JSON text that is safe on a terminal too; At becomes ISO 8601."""
    text = json.dumps(_plain(value), ensure_ascii=False, indent=indent)
    # Line breaks of the layout stay; inside strings json has already escaped the ones below 0x20.
    return UNPRINTABLE.sub(lambda found: found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1], text)


def _plain(value: object) -> object:
    if isinstance(value, At):
        return value.iso()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{type(value).__name__} is nothing for JSON")  # a Secret, above all


def words(value: Cell) -> str:
    """One cell as a person reads it, on one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return printable(", ".join(f"{key}={item}" for key, item in value.items()))
    if isinstance(value, str | int | float):
        return printable(str(value))
    return printable(", ".join(value))


def title(key: str) -> str:
    """A column's heading from its key: `last_seen` -> `Last seen`."""
    return key.replace("_", " ").capitalize()


def show_table(rows: Iterable[Sequence[Cell]], columns: Sequence[str], as_json: bool = False) -> None:
    """Print rows under `columns`, whose names are the JSON keys.

    On a terminal a table; into a pipe tab-separated lines under a line of keys, nothing cut off; with `as_json` one array.
    """
    if as_json:
        click.echo(to_json([dict(zip(columns, row, strict=True)) for row in rows], indent=2))
    elif sys.stdout.isatty():
        _rich_table(rows, columns)
    else:
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(words(cell) for cell in row))


def _rich_table(rows: Iterable[Sequence[Cell]], columns: Sequence[str]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - rich costs 50 ms, and pipes do not need it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(title(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(words(cell)) for cell in row))  # Text, not markup: a user name may be "[red]"
    if table.row_count:
        Console().print(table)
    else:
        click.echo("(none)")


def show_one(fields: Mapping[str, Cell], as_json: bool = False) -> None:
    """Print one thing: a line for each field, or with `as_json` one object."""
    if as_json:
        click.echo(to_json(fields, indent=2))
        return
    width = max((len(title(key)) for key in fields), default=0)
    for key, value in fields.items():
        click.echo(f"{title(key):<{width}}  {words(value)}")


def say(sentence: str) -> None:
    """One line of a command's result, made safe for the terminal."""
    click.echo(printable(sentence))


def warn(sentence: str) -> None:
    """One line on standard error that does not change the exit status."""
    click.echo(f"kapija: {printable(sentence)}", err=True)


def json_option(command: Function) -> Function:
    """Give a command `--json`, which arrives as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


# --- what comes in


def read_text(file: Path) -> str:
    """A document in UTF-8 from `file`, or from standard input when it is called -; line ends stay as they are."""
    octets = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise OperatorError(f"{file} is not UTF-8 text (octet {error.start}): save it as UTF-8") from None


def secret_options(name: str) -> Callable[[Function], Function]:
    """Give a command `--NAME-stdin` and `--NAME-file`, which arrive as `NAME_stdin` and `NAME_file` for read_secret."""

    def decorate(command: Function) -> Function:
        path = click.Path(exists=True, dir_okay=False, path_type=Path)
        with_file = click.option(f"--{name}-file", type=path, help=f"Read the {name} from a file.")(command)
        return click.option(f"--{name}-stdin", is_flag=True, help=f"Read the {name} from standard input.")(with_file)

    return decorate


def read_secret(prompt: str, stdin: bool = False, file: Path | None = None, *, confirm: bool = False) -> Secret:
    """A secret from standard input (its first line), a file (without its last line break) or a prompt.

    `confirm` asks twice at the prompt. Raises UsageError when both sources are named, OperatorError when nothing comes.
    """
    if stdin and file is not None:
        raise click.UsageError(f"{prompt}: give it on standard input or in a file, not both")
    if stdin:
        octets = sys.stdin.buffer.readline().rstrip(b"\r\n")
        source = "standard input"
    elif file is not None:
        octets = file.read_bytes().removesuffix(b"\n").removesuffix(b"\r")
        source = str(file)
    else:
        octets = _ask(prompt, confirm).encode()
        source = "the prompt"
    if not octets:
        raise OperatorError(f"{prompt}: nothing came from {source}; nothing was changed")
    return Secret(octets)


def _ask(prompt: str, confirm: bool) -> str:
    from getpass import GetPassWarning  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)  # it would echo the secret
        try:
            return str(
                click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True, default="", show_default=False)
            )
        except GetPassWarning:
            raise OperatorError(f"{prompt}: there is no terminal to ask on; use the -stdin or the -file option") from None


# --- faults


def note_fault(error: BaseException, home: Path) -> Path:
    """Write where in the code `error` came from and return the file's path.

    Messages and values are left out: an unexpected exception may carry a password in its text (SQLAlchemy shows parameters).
    """
    lines = [time.strftime("%Y-%m-%dT%H:%M:%S%z"), ""]
    cause: BaseException | None = error
    while cause is not None:
        lines += [f"{type(cause).__module__}.{type(cause).__qualname__}"]
        lines += [line.rstrip() for line in traceback.format_list(traceback.extract_tb(cause.__traceback__))]
        cause = cause.__cause__ or cause.__context__
    name = time.strftime("fault-%Y%m%d-%H%M%S-")
    for directory in (home, Path(tempfile.gettempdir())):
        try:
            handle, path = tempfile.mkstemp(prefix=name, suffix=".txt", dir=directory)
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return Path(path)
    return Path("(nowhere: no directory is writable)")

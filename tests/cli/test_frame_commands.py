"""The command line's frame: how errors leave, what reaches the screen, where secrets come from."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from radius.cli import COMMANDS, Failure, Kapija, main
from radius.cli.frame import (
    At,
    HomeChoice,
    json_option,
    pass_home,
    printable,
    read_secret,
    secret_options,
    show_one,
    show_table,
    to_json,
)
from radius.errors import OperatorError
from radius.secret import Secret
from radius.settings import Home

CANARY = "canary-5ecret"


class Sample(Kapija):
    """The real root group with commands of this test's own."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return click.Group.get_command(self, ctx, cmd_name)


def invoke(command: click.Command, tmp_path: Path, *args: str, stdin: str = "") -> Result:
    root = Sample(name="kapija")
    root.add_command(command, "go")
    return CliRunner().invoke(root, ["go", *args], input=stdin, obj=HomeChoice(tmp_path))


def raising(error: BaseException) -> click.Command:
    @click.command()
    def go() -> None:
        raise error

    return go


def test_help_lists_every_command_and_imports_none_of_the_heavy_libraries() -> None:
    code = (
        "import sys; from radius.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'rich', 'pyrad', 'cryptography', 'lmdb', 'asyncio', 'alembic'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_loads_and_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["shool", "list"])
    assert result.exit_code == 2
    assert "shool" in result.stderr


def test_an_operators_error_is_one_sentence_and_status_1(tmp_path: Path) -> None:
    result = invoke(raising(OperatorError("no school 'os-vuk': add it with 'kapija school add'")), tmp_path)
    assert result.exit_code == 1
    assert result.stderr == "kapija: no school 'os-vuk': add it with 'kapija school add'\n"
    assert result.stdout == ""


def test_an_error_cannot_steer_the_terminal(tmp_path: Path) -> None:
    result = invoke(raising(OperatorError("no user '\x1b[2Jana\u202e'")), tmp_path)
    assert result.stderr == "kapija: no user '\\x1b[2Jana\\u202e'\n"


def test_a_missing_file_is_named_without_a_fault(tmp_path: Path) -> None:
    result = invoke(raising(FileNotFoundError(2, "No such file or directory", "/nowhere/x.csv")), tmp_path)
    assert (result.exit_code, result.stderr) == (1, "kapija: /nowhere/x.csv: No such file or directory\n")


def test_an_unexpected_exception_leaves_its_place_in_a_file_and_no_values(tmp_path: Path) -> None:
    result = invoke(raising(RuntimeError(f"INSERT ... {CANARY}")), tmp_path)
    assert result.exit_code == 1
    assert "this is a fault of Kapija (RuntimeError)" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1
    (note,) = tmp_path.glob("fault-*.txt")
    assert str(note) in result.stderr
    assert "test_frame_commands.py" in note.read_text()
    assert "RuntimeError" in note.read_text()
    assert CANARY not in note.read_text() + result.stderr
    assert note.stat().st_mode & 0o777 == 0o600


def test_the_cause_of_an_unexpected_exception_is_noted_too(tmp_path: Path) -> None:
    @click.command()
    def go() -> None:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise RuntimeError from error

    invoke(go, tmp_path)
    (note,) = tmp_path.glob("fault-*.txt")
    assert "KeyError" in note.read_text()
    assert CANARY not in note.read_text()


def test_a_fault_without_a_home_is_noted_in_the_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = invoke(raising(ZeroDivisionError()), tmp_path / "not there")
    assert len(list(tmp_path.glob("fault-*.txt"))) == 1
    assert str(tmp_path) in result.stderr


def test_an_interrupt_is_status_130_and_silence(tmp_path: Path) -> None:
    result = invoke(raising(KeyboardInterrupt()), tmp_path)
    assert (result.exit_code, result.stderr) == (130, "")


def test_the_end_of_input_at_a_prompt_changes_nothing_and_says_so(tmp_path: Path) -> None:
    @click.command()
    def go() -> None:
        click.prompt("Name")

    result = invoke(go, tmp_path)
    assert result.exit_code == 1
    assert "nothing was done" in result.stderr


def test_a_command_without_a_home_says_how_to_make_one(tmp_path: Path) -> None:
    @click.command()
    @pass_home
    def go(home: Home) -> None:
        click.echo(home.settings.node)

    result = invoke(go, tmp_path)
    assert result.exit_code == 1
    assert f"kapija init {tmp_path}" in result.stderr
    (tmp_path / "kapija.toml").write_text('node = "os-vuk"\n')
    assert invoke(go, tmp_path).stdout == "os-vuk\n"


def test_the_home_may_come_from_the_environment(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["db", "status"], env={"KAPIJA_HOME": str(tmp_path / "elsewhere")})
    assert result.exit_code == 1
    assert str(tmp_path / "elsewhere") in result.stderr


# --- output

ROWS = [("ana", ["8-2", "choir"], 3, True, None, At(0)), ("\x1b]0;x\x07", [], -1, False, "a\tb", At(1e9))]
COLUMNS = ("name", "groups", "logins", "enabled", "note", "last_seen")


@click.command()
@json_option
def table(as_json: bool) -> None:
    show_table(ROWS, COLUMNS, as_json)


def test_a_pipe_gets_tab_separated_lines_with_nothing_cut_off(tmp_path: Path) -> None:
    lines = invoke(table, tmp_path).stdout.splitlines()
    assert lines[0] == "\t".join(COLUMNS)
    assert lines[1] == "ana\t8-2, choir\t3\tyes\t-\t-"
    assert lines[2].split("\t")[:5] == [r"\x1b]0;x\x07", "", "-1", "no", r"a\tb"]


def test_json_keeps_types_and_times(tmp_path: Path) -> None:
    rows = json.loads(invoke(table, tmp_path, "--json").stdout)
    assert rows[0] == {"name": "ana", "groups": ["8-2", "choir"], "logins": 3, "enabled": True, "note": None, "last_seen": None}
    assert rows[1]["name"] == "\x1b]0;x\x07"
    assert rows[1]["last_seen"] == "2001-09-09T01:46:40.000Z"


def test_a_row_of_another_width_is_an_error_not_a_shifted_table() -> None:
    with pytest.raises(ValueError, match="zip"):
        show_table([("one",)], ("a", "b"), as_json=True)


def test_a_secret_never_becomes_json() -> None:
    with pytest.raises(TypeError, match="Secret is nothing for JSON"):
        to_json({"secret": Secret(CANARY)})


def test_one_thing_is_a_line_for_each_field(tmp_path: Path) -> None:
    @click.command()
    @json_option
    def go(as_json: bool) -> None:
        show_one({"vlan": 20, "filter_profile": "pupils", "vlans": {"staff": 30}}, as_json)

    assert invoke(go, tmp_path).stdout == "Vlan            20\nFilter profile  pupils\nVlans           staff=30\n"
    assert json.loads(invoke(go, tmp_path, "--json").stdout) == {"vlan": 20, "filter_profile": "pupils", "vlans": {"staff": 30}}


@given(st.text())
def test_nothing_printed_can_steer_a_terminal(text: str) -> None:
    shown = printable(text)
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2028\ufeff")
    shown.encode()  # no lone surrogate is left


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.lists(st.text()))))
def test_json_output_reads_back_and_is_safe_on_a_terminal(fields: dict[str, object]) -> None:
    text = to_json(fields)
    assert json.loads(text) == fields
    assert printable(text) == text


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_gets_a_table_and_no_color_is_obeyed(no_color: bool) -> None:
    code = "from radius.cli.frame import show_table; show_table([('[red]ana[/red]\\x1b[2J', 20)], ('name', 'vlan'))"
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "60"} | ({"NO_COLOR": "1"} if no_color else {})
    if not no_color:
        environment.pop("NO_COLOR", None)
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                octets = os.read(ours, 4096)
            except OSError:  # Linux reports the terminal's end so
                break
            if not octets:
                break
            shown += octets
    os.close(ours)
    assert process.returncode == 0
    assert rb"[red]ana[/red]\x1b[2J" in shown  # markup and escapes are data
    assert b"\x1b[2J" not in shown
    assert b"Vlan" in shown
    assert b"\x1b[3" not in shown  # no colour: only bold is used
    assert (b"\x1b[1m" in shown) or no_color


# --- secrets


@click.command()
@secret_options("password")
def secret(password_stdin: bool, password_file: Path | None) -> None:
    click.echo(read_secret("Password", password_stdin, password_file).reveal().hex())


def test_a_secret_comes_from_the_first_line_of_standard_input(tmp_path: Path) -> None:
    result = invoke(secret, tmp_path, "--password-stdin", stdin="лозинка 1 \r\nrest\n")
    assert bytes.fromhex(result.stdout.strip()).decode() == "лозинка 1 "


def test_a_secret_comes_from_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"a\nb \n")
    result = invoke(secret, tmp_path, "--password-file", str(tmp_path / "secret"))
    assert bytes.fromhex(result.stdout.strip()) == b"a\nb "


def test_a_secret_is_asked_for_and_not_echoed(tmp_path: Path) -> None:
    result = invoke(secret, tmp_path, stdin=f"{CANARY}\n")
    assert bytes.fromhex(result.stdout.strip()) == CANARY.encode()
    assert CANARY not in result.output


@pytest.mark.parametrize("stdin", ["", "\n"])
def test_an_empty_secret_is_refused(tmp_path: Path, stdin: str) -> None:
    result = invoke(secret, tmp_path, "--password-stdin", stdin=stdin)
    assert result.exit_code == 1
    assert "nothing came from standard input" in result.stderr


def test_two_sources_of_a_secret_are_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    result = invoke(secret, tmp_path, "--password-stdin", "--password-file", str(tmp_path / "secret"))
    assert result.exit_code == 2


def test_a_secret_is_never_taken_from_the_arguments(tmp_path: Path) -> None:
    assert invoke(secret, tmp_path, "--password", CANARY).exit_code == 2


def test_without_a_terminal_the_prompt_names_the_options() -> None:
    code = "from radius.cli.frame import read_secret; read_secret('Password')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no terminal to ask on; use the -stdin or the -file option" in done.stderr


def test_a_closed_pipe_ends_in_silence() -> None:
    code = (
        "import click\n"
        "from radius.cli import Kapija\n"
        "from radius.cli.frame import show_table\n"
        "@click.group(cls=type('K', (Kapija,), {'get_command': click.Group.get_command}))\n"
        "def main(): pass\n"
        "@main.command()\n"
        "def go(): show_table([(i,) for i in range(200000)], ('n',))\n"
        "main(['go'])"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_failure_has_status_1() -> None:
    assert Failure("x").exit_code == 1

"""The command `kapija`: the root group, its commands by name, and the one mapping from an error to a sentence.

A command's module is imported when the command is used, so that `kapija --help` starts at once. To add a command, write
radius/cli/NAME.py with a click command or group called NAME and give it a line in COMMANDS.
"""

import importlib
import os
import sys
from pathlib import Path

import click

from radius.cli.frame import HomeChoice, default_home, note_fault, printable
from radius.errors import OperatorError, ServiceError

COMMANDS = {
    "init": "Prepare a home directory: settings, master key, store, certificate.",
    "check": "Look at everything that 'serve' needs, and say how to mend it.",
    "serve": "Serve RADIUS until stopped.",
    "stats": "What the running server does, and how it is.",
    "systemd": "Print units for systemd, the whole server or in parts.",
    "school": "Schools and their VLAN names.",
    "client": "RADIUS clients: access points, switches and controllers.",
    "user": "People: pupils, staff and guests with a local account.",
    "directory": "External directories: people in LDAP or Active Directory.",
    "roster": "Schools, people and classes from a register's export.",
    "device": "Devices that are known by their MAC address.",
    "session": "Who is on the network now, who was, who had an address; end sessions, authenticate again.",
    "policy": "The rules: show, check, publish and roll back.",
    "pki": "Certificates: the server's own, and who is trusted for clients'.",
    "explain": "Say what would be decided for somebody and why, or what is wrong with a device.",
    "test": "Ask the running server as an access point would.",
    "audit": "The audit log: follow, search, verify and export.",
    "db": "The store's schema.",
    "key": "The master key that seals every secret.",
}
MODULES = {"test": "test_login"}  # a module called radius.cli.test would look like a test

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


class Kapija(click.Group):
    """A group that imports its commands on demand and never shows a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of COMMANDS, which is the order in which somebody meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of `cmd_name`; None for a name that is no command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"radius.cli.{MODULES.get(cmd_name, cmd_name)}")
        command = getattr(module, cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"radius.cli.{cmd_name}.{cmd_name} is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands from COMMANDS, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; every error leaves as one sentence and an exit status."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
            raise  # click's own: usage errors are status 2, a closed pipe is silence
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except click.Abort as abort:
            if isinstance(abort.__context__, KeyboardInterrupt):  # at a prompt
                ctx.exit(INTERRUPTED)
            raise Failure("nothing was entered, so nothing was done") from None
        except (OperatorError, ServiceError) as error:
            raise Failure(str(error)) from None
        except OSError as error:
            if error.filename is None:
                raise self._fault(ctx, error) from None
            raise Failure(f"{os.fsdecode(error.filename)}: {error.strerror}") from None
        except Exception as error:  # noqa: BLE001 - the edge: nobody above could do better than a traceback
            raise self._fault(ctx, error) from None

    def _fault(self, ctx: click.Context, error: Exception) -> "Failure":
        choice = ctx.find_object(HomeChoice)
        file = note_fault(error, choice.path if choice else default_home())
        return Failure(f"this is a fault of Kapija ({type(error).__name__}), not yours; the details are in {file}")


class Failure(click.ClickException):
    """A sentence on standard error and exit status 1."""

    def show(self, file: object = None) -> None:
        """Print the sentence; what came from the network in it cannot steer the terminal."""
        click.echo(f"kapija: {printable(self.message)}", err=True)


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - costs 10 ms of every start

    try:
        click.echo(f"kapija {version('kapija')}, Python {sys.version.split()[0]}")
    except PackageNotFoundError:
        click.echo("kapija (not installed: run from a checkout)")
    ctx.exit()


@click.group(cls=Kapija, name="kapija", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--home",
    envvar="KAPIJA_HOME",
    type=click.Path(path_type=Path),
    default=default_home,
    show_default="~/.local/share/kapija",
    help="The directory with kapija.toml, the store and the master key (or KAPIJA_HOME).",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def main(ctx: click.Context, home: Path) -> None:
    """Kapija, the gate of a school's network: who may enter, where to, and why.

    Start with 'kapija init DIR', or try everything with 'kapija --home DIR serve --demo'.
    """
    ctx.obj = HomeChoice(home)

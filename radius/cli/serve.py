"""`kapija serve`: the supervisor in the foreground, with a readable word on what is running."""

import logging
import sys
from pathlib import Path

import click

from radius.admin.demo import Demo, make_demo
from radius.admin.findings import Level
from radius.admin.preflight import preflight
from radius.cli.frame import pass_home_path, say
from radius.server.serving import PARTS, Serving, set_log_level
from radius.settings import MOST_WORKERS, Home, load
from radius.vendors import FAMILIES
from radius.wire import dictionary

log = logging.getLogger(__name__)


@click.command()
@click.option("--demo", is_flag=True, help="Make a demo school in the home directory first, if there is none yet.")
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), help="How many (default: kapija.toml, else one a core).")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="This part alone; 'kapija systemd --parts' shows how.")
@pass_home_path
def serve(path: Path, demo: bool, workers: int | None, only: tuple[str, ...]) -> None:
    """Serve RADIUS until stopped (Ctrl-C or SIGTERM); SIGHUP reads kapija.toml again."""
    shown = make_demo(path, dictionary.load().check, frozenset(FAMILIES)) if demo else None
    home = load(path)
    set_log_level(home.settings.log.level)
    number = workers or home.settings.radius.processes
    if only:
        Serving(home, number, only).run(lambda: say(f"Kapija serves: {', '.join(only)}; home directory: {home.path}"))
        return
    _tell_of_findings(home)
    Serving(home, number).run(lambda: _announce(home, number, shown))


def _tell_of_findings(home: Home) -> None:
    """What `kapija check` would warn of, without the policies, whose lint takes its time with thousands of schools.

    Nothing here stops a start: what must stop it does so itself, and a node starts without its database.
    """
    for finding in preflight(home, lambda _: iter(())):
        if finding.level is not Level.OK:
            log.warning("%s: %s; %s", finding.check, finding.words, finding.mend)


def _announce(home: Home, workers: int, demo: Demo | None) -> None:
    radius = home.settings.radius
    processes = "1 worker" if workers == 1 else f"{workers} workers"
    say(f"Kapija serves RADIUS on {', '.join(radius.listen)} port {radius.auth_port} ({processes}); Ctrl-C stops it.")
    say(f"Accounting is taken on port {radius.acct_port}; home directory: {home.path}")
    for line in demo.words(sys.argv[0], radius.auth_port, radius.acct_port) if demo is not None else ():
        click.echo(line)
    sys.stdout.flush()

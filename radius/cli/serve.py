"""`kapija serve`: the supervisor in the foreground, with a readable word on what is running."""

import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from radius.admin.demo import Demo, make_demo
from radius.admin.findings import Level
from radius.admin.preflight import preflight
from radius.cli.frame import pass_home_path, say
from radius.server.dispatcher import run_dispatcher
from radius.server.housekeeper import run_carrier, run_feeder
from radius.server.supervisor import Child, Life, Ready, Supervisor, make_sockets
from radius.server.tls_identity import TlsIdentity
from radius.server.worker import Place, run_worker
from radius.settings import Home, load
from radius.vendors import FAMILIES
from radius.wire import dictionary

log = logging.getLogger(__name__)


@click.command()
@click.option("--demo", is_flag=True, help="Make a demo school in the home directory first, if there is none yet.")
@click.option("--workers", type=click.IntRange(1, 64), help="How many worker processes (default: kapija.toml, else 1).")
@pass_home_path
def serve(path: Path, demo: bool, workers: int | None) -> None:
    """Serve RADIUS until stopped (Ctrl-C or SIGTERM)."""
    shown = make_demo(path, dictionary.load().check, frozenset(FAMILIES)) if demo else None
    home = load(path)
    _log_to_stderr(home.settings.log.level)
    _tell_of_findings(home)
    number = workers or home.settings.radius.workers
    run(home, number, lambda: _announce(home, number, shown))


def run(home: Home, workers: int, when_ready: Callable[[], None]) -> None:
    """Supervise the housekeepers and the workers until SIGTERM."""
    ports, inboxes = make_sockets(home.settings.radius, workers)
    identity = TlsIdentity(home)
    identity.look()

    def work(place: Place, ready: Ready, life: Life) -> None:
        run_worker(home, place, identity.contexts, ready, life)

    children = [
        Child("feeder", lambda ready, _: run_feeder(home, ready)),
        Child("carrier", lambda ready, _: run_carrier(home, ready)),
        Child("dispatcher", lambda ready, _: run_dispatcher(home, ready)),
    ]
    for number in range(workers):
        place = Place(number, ports[number], inboxes)
        children.append(Child(f"worker {number}", partial(work, place), renewable=True))
    Supervisor(children, when_ready, identity.look).run()


def _tell_of_findings(home: Home) -> None:
    """What `kapija check` would warn of, without the policies, whose lint takes its time with thousands of schools.

    Nothing here stops a start: what must stop it does so itself, and a node starts without its database.
    """
    for finding in preflight(home, lambda _: iter(())):
        if finding.level is not Level.OK:
            log.warning("%s: %s; %s", finding.check, finding.words, finding.mend)


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its dialect at every look


def _announce(home: Home, workers: int, demo: Demo | None) -> None:
    radius = home.settings.radius
    processes = "1 worker" if workers == 1 else f"{workers} workers"
    say(f"Kapija serves RADIUS on {', '.join(radius.listen)} port {radius.auth_port} ({processes}); Ctrl-C stops it.")
    say(f"Accounting is taken on port {radius.acct_port}; home directory: {home.path}")
    for line in demo.words(sys.argv[0], radius.auth_port, radius.acct_port) if demo is not None else ():
        click.echo(line)
    sys.stdout.flush()

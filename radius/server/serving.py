"""What `kapija serve` consists of, as a whole or in parts, and what of changed settings it takes up while it serves.

    feeder     SQL's changes into the node file        first: the others map that file
    carrier    the journal's events into SQL
    dispatcher what access points are asked of sessions
    radius     the workers
    metrics    figures for Prometheus

Each part can be a service of its own: a supervisor with that part's children alone. A portal is one more renewable child.
"""

import logging
import sys
from collections.abc import Callable, Collection
from functools import partial

import msgspec

from radius.errors import OperatorError, SettingsError
from radius.server.dispatcher import run_dispatcher
from radius.server.housekeeper import run_carrier, run_feeder
from radius.server.metrics import run_metrics
from radius.server.places import Place, make_places
from radius.server.status import forget
from radius.server.supervisor import Child, Life, Ready, Supervisor
from radius.server.tls_identity import TlsIdentity
from radius.server.worker import run_worker
from radius.settings import Home, Settings, load

log = logging.getLogger(__name__)

PARTS = ("feeder", "carrier", "dispatcher", "radius", "metrics")
NEED_A_RESTART = {  # made once, before anything is forked
    "": ("node",),
    "radius": ("listen", "auth_port", "acct_port", "workers", "steer", "receive_buffer"),
    "store": ("url",),
    "nodes": ("listen", "port"),
}


class Serving:
    """One run of `parts`, with so many workers."""

    def __init__(self, home: Home, workers: int, parts: Collection[str] = PARTS) -> None:
        self.home = home
        self._workers = workers
        self._parts = parts
        self._identity = TlsIdentity(home)

    def run(self, when_ready: Callable[[], None]) -> None:
        """Supervise until SIGTERM. Raises OperatorError when it cannot start."""
        children = self._children()
        if not children:
            raise OperatorError("there is nothing to serve: [metrics] port in kapija.toml is 0, which means nowhere")
        Supervisor(children, when_ready, self._identity.look if "radius" in self._parts else lambda: False, self.reload).run()

    def reload(self) -> bool:
        """Read the settings again. What is made once stays as it was, and the log says which keys need a restart."""
        try:
            new = load(self.home.path).settings
        except SettingsError as error:
            log.error("the settings stay as they were: %s", error)
            return False
        kept, changed = keep(self.home.settings, new)
        if changed:
            log.warning("changed in kapija.toml, and in force after a restart only: %s", ", ".join(changed))
        self.home = Home(self.home.path, kept)
        set_log_level(kept.log.level)
        self._identity.use(self.home)
        self._identity.look()
        log.info("the settings were read again; workers are renewed one by one")
        return True

    def _children(self) -> list[Child]:
        children = list[Child]()
        if "feeder" in self._parts:
            children.append(self._keeper("feeder", lambda ready, _: run_feeder(self.home, ready)))
        if "carrier" in self._parts:
            children.append(self._keeper("carrier", lambda ready, _: run_carrier(self.home, ready)))
        if "dispatcher" in self._parts:
            children.append(self._keeper("dispatcher", lambda ready, _: run_dispatcher(self.home, ready)))
        if "radius" in self._parts:
            forget(self.home.status)
            settings = self.home.settings
            places = make_places(settings.radius, settings.nodes, self._workers)
            self._identity.look()
            children += [Child(f"worker {place.number}", partial(self._work, place), renewable=True) for place in places]
        if "metrics" in self._parts and self.home.settings.metrics.port:
            children.append(Child("metrics", lambda ready, _: run_metrics(self.home, ready)))
        return children

    def _keeper(self, name: str, run: Callable[[Ready, Life], None]) -> Child:
        return Child(name, run, last=True)

    def _work(self, place: Place, ready: Ready, life: Life) -> None:
        run_worker(self.home, place, self._identity.contexts, ready, life)


def keep(old: Settings, new: Settings) -> tuple[Settings, list[str]]:
    """The new settings with the old values of what needs a restart, and the keys of those that differ."""
    changed = list[str]()
    for section, keys in NEED_A_RESTART.items():
        before, after = (getattr(each, section) if section else each for each in (old, new))
        differing = [key for key in keys if getattr(before, key) != getattr(after, key)]
        changed += [f"{section}.{key}" if section else key for key in differing]
        kept = msgspec.structs.replace(after, **{key: getattr(before, key) for key in differing})
        new = msgspec.structs.replace(new, **{section: kept}) if section else kept
    return new, changed


def set_log_level(level: str) -> None:
    """The application log to standard error, from `level` on."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z")
    logging.getLogger().setLevel(level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its dialect at every look

"""The process that makes the sockets, forks the housekeepers and the workers, and replaces the one that dies.

It stays single-threaded and small. It makes every SO_REUSEPORT socket before it forks and never closes one, so that a
replaced worker drains what waits in its predecessor's queue. A child that dies again and again is started ever more slowly.
"""

import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from radius.admin.ports import try_to_bind
from radius.errors import OperatorError
from radius.server.faults import where
from radius.server.sockets import Port, open_ports
from radius.settings import RadiusSettings

log = logging.getLogger(__name__)

STOP_WITHIN = 8.0
START_WITHIN = 60.0
LIVED_WELL = 10.0
LONGEST_PAUSE = 30.0
_HAND_OVER_BUFFER = 4 * 1024 * 1024

Ready = Callable[[], None]


class Inbox(Struct, frozen=True):
    """A worker's hand-over: it reads `mine`, the others write `theirs`."""

    mine: socket.socket
    theirs: socket.socket


class Child:
    """One process to keep alive: `run(ready)` is called in it and must not return before it shall end."""

    def __init__(self, name: str, run: Callable[[Ready], None]) -> None:
        self.name = name
        self.run = run
        self.pid = 0
        self.started = 0.0
        self.pause = 0.0
        self.start_at = 0.0


def make_sockets(settings: RadiusSettings, workers: int) -> tuple[list[list[Port]], list[Inbox]]:
    """Each worker's ports and hand-over inbox. Raises OperatorError when an address cannot be had, or somebody has it."""
    for address in settings.listen:
        for port in (settings.auth_port, settings.acct_port):
            if port:
                ensure_free(address, port)
    ports = [
        open_ports(settings.listen, settings.auth_port, settings.acct_port, settings.receive_buffer) for _ in range(workers)
    ]
    inboxes = []
    for _ in range(workers):
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in (mine, theirs):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _HAND_OVER_BUFFER)
        inboxes.append(Inbox(mine, theirs))
    return ports, inboxes


def ensure_free(address: str, port: int) -> None:
    """Raise OperatorError when somebody listens there: SO_REUSEPORT alone would let two servers share the requests."""
    problem = try_to_bind(address, port)
    if problem is None or (address == "::" and problem.no_such_family):  # open_ports leaves `::` out where there is no IPv6
        return
    raise OperatorError(
        f"cannot listen on {address} port {port}: {problem.words}; stop the other server there"
        " or change [radius] listen, auth_port and acct_port in kapija.toml"
    )


class Supervisor:
    """Keeps `children` alive until SIGTERM or SIGINT. Each must be ready before the next one starts: the feeder is first,
    because it fills the node file that the others map. `when_ready` is called once when all are. The first two (feeder and
    carrier) are ended last, so that what the workers wrote at the end is still carried."""

    def __init__(self, children: list[Child], when_ready: Callable[[], None]) -> None:
        self._children = children
        self._when_ready = when_ready
        self._stopping = False

    def run(self) -> None:
        """Returns after the children have ended. Raises OperatorError when one cannot start at all."""
        wake, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            for child in self._children:
                if not self._stopping:
                    self._start_and_wait(child)
            if not self._stopping:
                self._when_ready()
            while not self._stopping:
                select.select([wake], [], [], self._until_next_start())
                with suppress(BlockingIOError):
                    os.set_blocking(wake, False)
                    os.read(wake, 4096)
                self._replace_the_dead()
        finally:
            signal.set_wakeup_fd(-1)
            self._end_all()
            os.close(wake)
            os.close(waker)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _start_and_wait(self, child: Child) -> None:
        ready = self._start(child)
        try:
            deadline = time.monotonic() + START_WITHIN
            while not self._stopping:
                readable, _, _ = select.select([ready], [], [], 0.2)
                if readable:
                    if os.read(ready, 1) == b"R":
                        return
                    raise OperatorError(f"{child.name} could not start; its last log lines say why, and 'kapija check' helps")
                if time.monotonic() > deadline:
                    raise OperatorError(f"{child.name} was not ready within {START_WITHIN:.0f} s; see its log lines above")
        finally:
            os.close(ready)

    def _start(self, child: Child) -> int:
        """Fork the child; the descriptor gives `R` when it is ready, and ends when it dies before."""
        ready, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            self._be(child, told)
        os.close(told)
        child.pid, child.started = pid, time.monotonic()
        return ready

    def _be(self, child: Child, told: int) -> None:
        """In the child, for good."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)

            def ready() -> None:
                with suppress(BrokenPipeError):  # for a replacement nobody waits
                    os.write(told, b"R")
                os.close(told)

            child.run(ready)
            status = 0
        except OperatorError as error:
            log.error("%s: %s", child.name, error)
        except Exception as error:  # noqa: BLE001 - the edge of a process
            log.error("%s died of a fault in Kapija: %s", child.name, where(error))
        finally:
            logging.shutdown()
            os._exit(status)

    def _replace_the_dead(self) -> None:
        now = time.monotonic()
        with suppress(ChildProcessError):
            while (died := os.waitpid(-1, os.WNOHANG))[0]:
                for child in self._children:
                    if child.pid == died[0]:
                        self._note_death(child, died[1], now)
        for child in self._children:
            if not child.pid and now >= child.start_at and not self._stopping:
                os.close(self._start(child))

    def _note_death(self, child: Child, status: int, now: float) -> None:
        lived = now - child.started
        child.pid = 0
        if lived >= LIVED_WELL:
            child.pause = 0.0
        child.start_at = now + child.pause
        if not self._stopping:
            log.error("%s ended (status %d) and is started again in %.1f s", child.name, status, child.pause)
        child.pause = min(LONGEST_PAUSE, max(0.1, child.pause * 2))

    def _until_next_start(self) -> float:
        waiting = [child.start_at for child in self._children if not child.pid]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else 60.0

    def _end_all(self) -> None:
        for group in (self._children[2:], self._children[:2]):
            alive = [child for child in group if child.pid]
            for child in alive:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_WITHIN
            for child in alive:
                while child.pid:
                    ended = _ended(child.pid)
                    if ended:
                        child.pid = 0
                    elif time.monotonic() > deadline:
                        with suppress(ProcessLookupError):
                            os.kill(child.pid, signal.SIGKILL)
                        deadline += 1.0
                    else:
                        time.sleep(0.02)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True

"""The process that makes the sockets, forks the housekeepers and the workers, and replaces the one that dies.

It stays single-threaded and small. It makes every SO_REUSEPORT socket before it forks and never closes one, so that a
replaced worker drains what waits in its predecessor's queue. A child that dies again and again is started ever more slowly.

When workers are to be renewed (a new certificate), one after another gets a successor: that starts, says that it is ready,
and the elder is told to retire (SIGUSR1). It stops reading its sockets, which are the successor's too, finishes its
conversations, whose packets the successor passes on to it, and ends. A successor that cannot start changes nothing.

SIGHUP reads the settings again: workers are renewed, housekeepers are ended and started anew. SIGTERM and SIGINT end all.
systemd is told when all are ready, and now and then that the supervisor lives.
"""

import logging
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from radius.errors import OperatorError
from radius.server.faults import where
from radius.server.service_manager import Notifier

log = logging.getLogger(__name__)

STOP_WITHIN = 8.0
START_WITHIN = 60.0
LIVED_WELL = 10.0
LONGEST_PAUSE = 30.0
LOOK_EVERY = 2.0
RETIRE = signal.SIGUSR1  # to a worker that has a successor
ELDER_GONE = signal.SIGUSR2  # to a worker whose predecessor has ended

Ready = Callable[[], None]


class Life(Struct, frozen=True):
    """One process's time at a worker's place. `incarnation` is in its States (radius.server.state); `elder` is that of the
    predecessor which still finishes its conversations, None when there is none."""

    incarnation: int
    elder: int | None = None


class Child:
    """One process to keep alive: `run(ready, life)` is called in it and must not return before it shall end. Where
    `renewable`, it gets a successor when there is something new, and retires; else it is started anew when the settings have
    changed. Where `last`, it is ended after the others, so that what they leave is still seen to."""

    def __init__(self, name: str, run: Callable[[Ready, Life], None], renewable: bool = False, last: bool = False) -> None:
        self.name = name
        self.run = run
        self.renewable = renewable
        self.last = last
        self.restarting = False  # was told to end, so that it starts anew
        self.pid = 0
        self.life = Life(0)
        self.started = 0.0
        self.pause = 0.0
        self.start_at = 0.0
        self.elder = 0  # the process that retires
        self.stale = False  # is to be renewed
        self.renew_at = 0.0


class Succession(Struct, frozen=True):
    """A successor that was forked and is not ready yet: the descriptor `ready` tells when it is, or that it has died."""

    child: Child
    pid: int
    life: Life
    ready: int
    started: float


class Supervisor:
    """Keeps `children` alive until SIGTERM or SIGINT. Each must be ready before the next one starts: the feeder is first,
    because it fills the node file that the others map. `when_ready` is called once when all are. `is_new()` is asked every
    two seconds and says that there is something for which workers are to be renewed; `reload()` is called at SIGHUP and says
    whether the settings could be read, and all are to be renewed."""

    def __init__(
        self,
        children: list[Child],
        when_ready: Callable[[], None],
        is_new: Callable[[], bool] = lambda: False,
        reload: Callable[[], bool] = lambda: True,
    ) -> None:
        self._children = children
        self._when_ready = when_ready
        self._is_new = is_new
        self._reload = reload
        self._reload_asked = False
        self._has_terminal = os.isatty(0)
        self._notify = Notifier()
        self._look_at = 0.0
        self._stopping = False
        self._succession: Succession | None = None

    def run(self) -> None:
        """Returns after the children have ended. Raises OperatorError when one cannot start at all."""
        wake, waker = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._ask_to_reload)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            for child in self._children:
                if not self._stopping:
                    self._start_and_wait(child)
            if not self._stopping:
                self._when_ready()
                self._notify.ready()
            while not self._stopping:
                self._round(wake)
        finally:
            signal.set_wakeup_fd(-1)
            self._notify.stopping()
            self._end_all()
            os.close(wake)
            os.close(waker)

    def _round(self, wake: int) -> None:
        awaited = [wake] if self._succession is None else [wake, self._succession.ready]
        readable, _, _ = select.select(awaited, [], [], self._until_next_look())
        with suppress(BlockingIOError):
            os.read(wake, 4096)
        if self._succession is not None and self._succession.ready in readable:
            self._succeed(self._succession)
        self._notify.alive()
        if self._reload_asked and not self._stopping:
            self._reload_asked = False
            self._read_settings_again()
        self._replace_the_dead()
        if not self._stopping:
            self._renew()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _ask_to_reload(self, *_: object) -> None:
        if self._has_terminal and not os.isatty(0):  # it hung up, and nobody is there who could stop us
            self._stopping = True
        self._reload_asked = True

    def _read_settings_again(self) -> None:
        self._notify.reloading()
        try:
            changed = self._reload()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with what is new, those who serve go on
            log.error("the settings could not be read again; everything goes on as it was: %s", where(error))
            changed = False
        for child in self._children if changed else ():
            if child.renewable:
                child.stale = True
            elif child.pid:
                child.restarting = True
                _tell(child.pid, signal.SIGTERM)
        self._notify.ready()

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
        child.life = Life(_new_incarnation(), child.life.elder if child.elder else None)
        child.stale = False
        child.pid, ready = self._fork(child, child.life)
        child.started = time.monotonic()
        return ready

    def _fork(self, child: Child, life: Life) -> tuple[int, int]:
        ready, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            self._be(child, life, told)
        os.close(told)
        return pid, ready

    def _be(self, child: Child, life: Life, told: int) -> None:
        """In the child, for good."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for number in (RETIRE, ELDER_GONE, signal.SIGHUP):  # until the child has made up its mind
                signal.signal(number, signal.SIG_IGN)

            def ready() -> None:
                with suppress(BrokenPipeError):  # for a replacement nobody waits
                    os.write(told, b"R")
                os.close(told)

            child.run(ready, life)
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
                    elif child.elder == died[0]:
                        child.elder = 0
                        _tell(child.pid, ELDER_GONE)
        for child in self._children:
            awaited = self._succession is not None and self._succession.child is child
            if not child.pid and now >= child.start_at and not self._stopping and not awaited:
                os.close(self._start(child))

    def _renew(self) -> None:
        """Notice what is new, and give the next child that is to be renewed its successor; one at a time."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            if self._something_is_new():
                for child in self._children:
                    child.stale = child.renewable
        if self._succession is not None:
            if now - self._succession.started > START_WITHIN:
                _tell(self._succession.pid, signal.SIGKILL)
            return
        for child in self._children:
            if child.stale and child.pid and not child.elder and now >= child.renew_at:
                life = Life(_new_incarnation(), child.life.incarnation)
                pid, ready = self._fork(child, life)
                self._succession = Succession(child, pid, life, ready, now)
                child.stale = False  # what becomes new from now on is for the next one
                return

    def _something_is_new(self) -> bool:
        try:
            return self._is_new()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with what is new, those who serve go on
            log.error("something new could not be looked for; everything goes on as it was: %s", where(error))
            return False

    def _succeed(self, succession: Succession) -> None:
        """The successor is ready, and the elder retires; or the successor has died, and the elder goes on."""
        self._succession = None
        child = succession.child
        is_ready = os.read(succession.ready, 1) == b"R"
        os.close(succession.ready)
        if not is_ready:
            child.stale, child.renew_at = True, time.monotonic() + LONGEST_PAUSE
            log.error("the successor of %s could not start; the one before goes on, and it is tried again later", child.name)
            return
        child.elder, child.pid = child.pid, succession.pid
        child.life, child.started = succession.life, time.monotonic()
        if child.elder:
            _tell(child.elder, RETIRE)
        else:
            _tell(child.pid, ELDER_GONE)
        log.info("%s has a successor", child.name)

    def _note_death(self, child: Child, status: int, now: float) -> None:
        lived = now - child.started
        child.pid = 0
        if child.restarting:
            child.restarting, child.pause, child.start_at = False, 0.0, now
            return
        if lived >= LIVED_WELL:
            child.pause = 0.0
        child.start_at = now + child.pause
        if not self._stopping:
            log.error("%s ended (status %d) and is started again in %.1f s", child.name, status, child.pause)
        child.pause = min(LONGEST_PAUSE, max(0.1, child.pause * 2))

    def _until_next_look(self) -> float:
        waiting = [child.start_at for child in self._children if not child.pid]
        return max(0.0, min([self._look_at, *waiting]) - time.monotonic())

    def _end_all(self) -> None:
        for group in ([each for each in self._children if not each.last], [each for each in self._children if each.last]):
            alive = [pid for child in group for pid in (child.pid, child.elder) if pid]
            if self._succession is not None and self._succession.child in group:
                alive.append(self._succession.pid)
            for pid in alive:
                _tell(pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_WITHIN
            while alive:
                alive = [pid for pid in alive if not _ended(pid)]
                if alive and time.monotonic() > deadline:
                    for pid in alive:
                        _tell(pid, signal.SIGKILL)
                    deadline += 1.0
                time.sleep(0.02 if alive else 0.0)


def _new_incarnation() -> int:
    return int.from_bytes(os.urandom(4), "big")


def _tell(pid: int, number: int) -> None:
    if not pid:  # 0 would be the whole process group
        return
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True

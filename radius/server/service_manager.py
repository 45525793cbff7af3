"""What systemd is told: that the server is ready, reads its settings again, stops, and that it lives (sd_notify(3))."""

import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Sends to the socket that NOTIFY_SOCKET names; silent where there is none, and where nobody listens any more."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        watched = environment.get("WATCHDOG_USEC", "")
        self._every = int(watched) / 1e6 / 3 if watched.isdecimal() else 0.0
        self._said = 0.0

    def ready(self) -> None:
        """Everything serves."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """The settings are being read again; `ready` follows."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """As often as the watchdog wants it, at most."""
        now = time.monotonic()
        if self._every and now - self._said >= self._every:
            self._said = now
            self._tell("WATCHDOG=1")

    def _tell(self, state: str) -> None:
        if self._address[:1] not in ("/", "@"):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            try:
                sock.sendto(state.encode(), self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address)
            except OSError:
                return

"""Whether a UDP port can be had on this machine, and who has it otherwise (Linux's /proc)."""

import errno
import socket
import sys
from contextlib import suppress
from pathlib import Path

from msgspec import Struct


class Problem(Struct, frozen=True):
    """Why a port cannot be bound."""

    number: int
    words: str

    @property
    def in_use(self) -> bool:
        """Somebody has it already."""
        return self.number == errno.EADDRINUSE

    @property
    def no_such_family(self) -> bool:
        """This machine has no IPv6 (or no IPv4)."""
        return self.number in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


class Holder(Struct, frozen=True):
    """The process that has a port."""

    pid: int
    name: str
    is_kapija: bool


def try_to_bind(address: str, port: int) -> Problem | None:
    """Bind for a moment, without SO_REUSEPORT so that any other holder is found; None when that works."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((address, port))
    except OSError as error:
        return Problem(error.errno or 0, error.strerror or type(error).__name__)
    return None


def holder_of(address: str, port: int, proc: Path = Path("/proc")) -> Holder | None:
    """Who has a UDP socket that stands in the way of `address`:`port`; None when it is not to be seen from here."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(address, port, proc)}
    if not wanted:
        return None
    for process in proc.iterdir():
        if process.name.isdecimal() and wanted & _sockets(process):
            return _describe(process)
    return None


def _inodes(address: str, port: int, proc: Path) -> list[str]:
    """The sockets on `port` in /proc/net/udp or udp6: sl, local_address, ..., inode in column 9 (proc(5))."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    asked = _hexadecimal(address, family)
    anything = "0" * len(asked)
    found = []
    try:
        lines = (proc / "net" / ("udp6" if family == socket.AF_INET6 else "udp")).read_text().splitlines()[1:]
    except OSError:
        return []
    for line in lines:
        columns = line.split()
        local, _, local_port = columns[1].partition(":")
        if int(local_port, 16) == port and (local in (asked, anything) or asked == anything):
            found.append(columns[9])
    return found


def _hexadecimal(address: str, family: socket.AddressFamily) -> str:
    """The address as /proc/net writes it: 32-bit words in the machine's byte order."""
    octets = socket.inet_pton(family, address)
    words = (octets[at : at + 4] for at in range(0, len(octets), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


def _sockets(process: Path) -> set[str]:
    found = set[str]()
    with suppress(OSError):  # it ended meanwhile, or belongs to somebody else
        for link in (process / "fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile, as the one that lists this directory is
                found.add(str(link.readlink()))
    return found


def _describe(process: Path) -> Holder:
    try:
        words = [word.decode(errors="replace") for word in (process / "cmdline").read_bytes().split(b"\0") if word]
        name = (process / "comm").read_text().strip()
    except OSError:
        words, name = [], "a process that just ended"
    kapija = any(Path(word).name == "kapija" for word in words[:2]) or words[1:3] == ["-m", "radius"]
    return Holder(int(process.name), "kapija" if kapija else name, kapija)

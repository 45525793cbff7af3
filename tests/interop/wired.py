"""A wired port as in a school: wpa_supplicant, hostapd as the switch, and the RADIUS server, each in a network namespace.

    supplicant (sup0) --veth-- switch (port0, nas0 10.91.0.2) --veth-- server (rad0 10.91.0.1)

Namespaces bear the test's process id and are removed afterwards. The wired driver filters nothing, so what counts is what
hostapd and wpa_supplicant say of the port, never whether a packet passes.
"""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.interop.servers import Place

DEVICE = "02:00:00:00:05:01"
SWITCH = "02:00:00:00:0a:01"
SERVER_ADDRESS, SWITCH_ADDRESS = "10.91.0.1", "10.91.0.2"
PATIENCE = 20.0  # seconds; a supplicant waits two before it speaks

HOSTAPD = """\
interface=port0
driver=wired
logger_stdout=-1
logger_stdout_level=0
ctrl_interface={folder}/hostapd
ieee8021x=1
eap_reauth_period=3600
use_pae_group_addr=0
own_ip_addr={switch}
nas_identifier=switch-1
auth_server_addr={server}
auth_server_port={port}
auth_server_shared_secret={secret}
radius_auth_req_attr=61:d:15
radius_auth_req_attr=5:d:7
radius_auth_req_attr=87:s:port7
"""
SESSIONS = """\
acct_server_addr={server}
acct_server_port={acct}
acct_server_shared_secret={secret}
radius_acct_interim_interval=5
radius_das_port=3799
radius_das_client={server} {secret}
radius_das_require_event_timestamp=1
radius_das_require_message_authenticator=1
"""


class Network:
    """Three namespaces and two cables. Use as a context manager; needs root."""

    def __init__(self) -> None:
        self.supplicant, self.switch, self.server = (f"kapija-{os.getpid()}-{name}" for name in ("sup", "nas", "rad"))

    def __enter__(self) -> "Network":
        try:
            for name in (self.supplicant, self.switch, self.server):
                _ip("netns", "add", name)
                _ip("-n", name, "link", "set", "lo", "up")
            _cable((self.supplicant, "sup0"), (self.switch, "port0"))
            _cable((self.server, "rad0"), (self.switch, "nas0"))
            _ip("-n", self.supplicant, "link", "set", "sup0", "address", DEVICE)
            _ip("-n", self.switch, "link", "set", "port0", "address", SWITCH)
            _ip("-n", self.server, "address", "add", f"{SERVER_ADDRESS}/24", "dev", "rad0")
            _ip("-n", self.switch, "address", "add", f"{SWITCH_ADDRESS}/24", "dev", "nas0")
            for name, interface in (
                (self.supplicant, "sup0"),
                (self.switch, "port0"),
                (self.server, "rad0"),
                (self.switch, "nas0"),
            ):
                _ip("-n", name, "link", "set", interface, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in (self.supplicant, self.switch, self.server):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def place(self) -> Place:
        """Where the RADIUS server listens."""
        return Place(1812, SERVER_ADDRESS, f"{SWITCH_ADDRESS}/32", self.server)


class Port:
    """A switch's port with a device at it, from plugging in to pulling out. Use as a context manager."""

    def __init__(
        self, network: Network, folder: Path, programs: Callable[[str], Path], secret: str, block: str, sessions: bool = False
    ) -> None:
        """`block` is the supplicant's network; with `sessions` the switch also accounts, and takes requests about sessions."""
        self._network = network
        self._folder = folder
        self._programs = programs
        self._hostapd = folder / "hostapd.conf"
        port = network.place().port
        words = {"server": SERVER_ADDRESS, "switch": SWITCH_ADDRESS, "port": port, "acct": port + 1, "secret": secret}
        self._hostapd.write_text((HOSTAPD + SESSIONS if sessions else HOSTAPD).format(folder=folder, **words))
        self._supplicant = folder / "wpa.conf"
        self._supplicant.write_text(f"ctrl_interface={folder}/wpa\nap_scan=0\n{block}", encoding="utf-8")
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Port":
        try:
            self._start(self._network.switch, "hostapd", "-dd", "-t", str(self._hostapd))
            self.wait(lambda: "AP-ENABLED" in self.said("hostapd"), "hostapd is ready")
            command = ("-D", "wired", "-i", "sup0", "-c", str(self._supplicant), "-t", "-dd")
            self._start(self._network.supplicant, "wpa_supplicant", *command)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def said(self, program: str) -> str:
        """What "hostapd" or "wpa_supplicant" has said so far."""
        return (self._folder / f"{program}.log").read_text(errors="replace")

    def status(self) -> dict[str, str]:
        """`wpa_cli status`: suppPortStatus, selectedMethod, eap_tls_version, tls_session_reused, eap_session_id ..."""
        return _pairs(self._ask(self._network.supplicant, "wpa_cli", "wpa", "status"))

    def station(self) -> dict[str, str]:
        """`hostapd_cli all_sta` for the device: flags, dot1xAuthSessionUserName ..."""
        return _pairs(self._ask(self._network.switch, "hostapd_cli", "hostapd", "all_sta"))

    def reauthenticate(self) -> None:
        """`wpa_cli reauthenticate`."""
        self._ask(self._network.supplicant, "wpa_cli", "wpa", "reauthenticate")

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until `holds`; fails with what both sides said."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            said = "\n".join(line for name in ("hostapd", "wpa_supplicant") for line in self._tail(name))
            assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}\n{said}"
            assert all(process.poll() is None for process in self._processes), said
            time.sleep(0.02)

    def _tail(self, program: str) -> list[str]:
        path = self._folder / f"{program}.log"
        return path.read_text(errors="replace").splitlines()[-40:] if path.exists() else []

    def _start(self, namespace: str, program: str, *arguments: str) -> None:
        command = ["ip", "netns", "exec", namespace, str(self._programs(program)), *arguments]
        with (self._folder / f"{program}.log").open("wb") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))

    def _ask(self, namespace: str, program: str, folder: str, command: str) -> str:
        path = str(self._programs(program))
        full = ["ip", "netns", "exec", namespace, path, "-p", str(self._folder / folder), command]
        return subprocess.run(full, capture_output=True, text=True, check=False, timeout=10).stdout


def why_not() -> str:
    """Why no network namespaces can be made here, or "" when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root: run this test with sudo"
    name = f"kapija-{os.getpid()}-try"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return f"network namespaces cannot be made here: {done.stderr.strip()}" if done.returncode else ""


def _cable(one: tuple[str, str], other: tuple[str, str]) -> None:
    _ip("link", "add", one[1], "netns", one[0], "type", "veth", "peer", "name", other[1], "netns", other[0])


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

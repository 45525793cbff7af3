"""A device at a switch's port, with the server behind the switch: in by PEAP, TTLS and TLS, in again, and not in."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.cases import ANA, METHODS, Case, Failure, failures
from tests.interop.certificates import Certificates
from tests.interop.servers import VLAN, AuthServer, Build
from tests.interop.supplicant import network
from tests.interop.wired import DEVICE, Network, Port, why_not

Plug = Callable[..., Port]
VLAN_SEEN = re.compile(r"Attribute 81 \(Tunnel-Private-Group-Id\).*\n.*Value: (00)?" + str(VLAN).encode().hex() + "\n")
WRONG_PASSWORD = next(failure for failure in failures() if failure.name == "wrong-password-peap-mschapv2")
DISTRUST = next(failure for failure in failures() if failure.name == "wrong-ca-ttls-pap-tls1.2")


@pytest.fixture(scope="module")
def cables(peer: Callable[[str], Path]) -> Iterator[Network]:
    for program in ("ip", "hostapd", "hostapd_cli", "wpa_supplicant", "wpa_cli"):
        peer(program)
    if reason := why_not():
        pytest.skip(reason)
    with Network() as made:
        yield made


@pytest.fixture(scope="module")
def servers(cables: Network) -> Iterator[dict[str, AuthServer]]:
    """What has been started in the server's namespace; one at a time, as they share its address."""
    started: dict[str, AuthServer] = {}
    yield started
    for server in started.values():
        server.stop()


@pytest.fixture
def server(
    request: pytest.FixtureRequest,
    cables: Network,
    servers: dict[str, AuthServer],
    build: Build,
    tmp_path_factory: pytest.TempPathFactory,
) -> AuthServer:
    name: str = request.node.callspec.params["build"]
    if name not in servers:
        for other in servers.values():
            other.stop()
        servers.clear()
        made = build(tmp_path_factory.mktemp(name) / "server", "ec", cables.place())
        made.start()
        servers[name] = made
    return servers[name]


@pytest.fixture
def plug(
    cables: Network, server: AuthServer, certificates: Certificates, peer: Callable[[str], Path], tmp_path: Path
) -> Iterator[Plug]:
    """plug(case) is a port into which a device of that configuration was plugged; it is pulled out after the test."""
    ports: list[Port] = []

    def plug_in(case: Case, failure: Failure | None = None) -> Port:
        port = Port(cables, tmp_path, peer, server.secret, network(case, certificates, failure))
        ports.append(port.__enter__())
        return port

    yield plug_in
    for port in ports:
        port.__exit__()


def authorized(port: Port) -> bool:
    return port.status().get("suppPortStatus") == "Authorized" and "[AUTHORIZED]" in port.station().get("flags", "")


@pytest.mark.parametrize(
    "case",
    [Case(METHODS["peap-mschapv2"], "1.2"), Case(METHODS["ttls-pap"], "1.3"), Case(METHODS["tls"], "1.2")],
    ids=lambda case: case.name,
)
def test_a_device_at_a_port_gets_in_with_its_vlan(plug: Plug, case: Case) -> None:
    port = plug(case)
    port.wait(lambda: authorized(port), "the port is open on both sides")
    status = port.status()
    assert f"EAP-{case.method.eap}" in status["selectedMethod"]
    assert status["eap_tls_version"] == f"TLSv{case.tls}"
    assert port.station()["dot1xAuthSessionUserName"] in (ANA.name, "anonymous")
    said = port.said("hostapd")
    assert f"CTRL-EVENT-EAP-SUCCESS2 {DEVICE}" in said
    assert VLAN_SEEN.search(said)


def test_a_device_logs_in_again_by_a_resumed_session_and_its_port_stays_open(plug: Plug) -> None:
    port = plug(Case(METHODS["peap-mschapv2"], "1.2"))
    port.wait(lambda: authorized(port), "the port is open on both sides")
    first = port.status()
    assert first["tls_session_reused"] == "0"
    port.reauthenticate()
    port.wait(lambda: port.status().get("eap_session_id", first["eap_session_id"]) != first["eap_session_id"], "a new login")
    port.wait(lambda: authorized(port), "the port is open again on both sides")
    assert port.status()["tls_session_reused"] == "1"
    assert port.said("hostapd").count(f"CTRL-EVENT-EAP-SUCCESS2 {DEVICE}") == 2
    assert "AP-STA-DISCONNECTED" not in port.said("hostapd")


@pytest.mark.parametrize("failure", [WRONG_PASSWORD, DISTRUST], ids=lambda failure: failure.name)
def test_a_device_that_is_refused_hears_so_and_its_port_stays_shut(plug: Plug, failure: Failure) -> None:
    port = plug(failure.case, failure)
    port.wait(lambda: "CTRL-EVENT-EAP-FAILURE" in port.said("wpa_supplicant"), "the device hears the refusal")
    port.wait(lambda: f"CTRL-EVENT-EAP-FAILURE2 {DEVICE}" in port.said("hostapd"), "the switch hears the refusal")
    assert failure.says in port.said("wpa_supplicant")
    assert not authorized(port)
    assert port.status()["suppPortStatus"] == "Unauthorized"
    assert "AP-STA-CONNECTED" not in port.said("hostapd")

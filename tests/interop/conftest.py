"""The servers that INTEROP_SERVERS names ("kapija" by itself, "freeradius,hostapd" for the oracles), and a device."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.cases import USERS, Case, Failure
from tests.interop.certificates import Certificates, make
from tests.interop.kapija import KapijaServer
from tests.interop.servers import AuthServer, Build, FreeRadius, HostapdServer, Place, Start
from tests.interop.supplicant import Device, Outcome, mac_of, network, run

SERVERS = os.environ.get("INTEROP_SERVERS", "kapija").split(",")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make(tmp_path_factory.mktemp("certificates"), tuple(user.name for user in USERS))


@pytest.fixture(scope="session")
def running() -> Iterator[dict[tuple[str, str], AuthServer]]:
    """The servers that have been started, by name and server certificate; each is started when first wanted."""
    servers: dict[tuple[str, str], AuthServer] = {}
    yield servers
    for server in servers.values():
        server.stop()


@pytest.fixture(params=SERVERS)
def build(request: pytest.FixtureRequest, peer: Callable[[str], Path], certificates: Certificates) -> Build:
    """build(folder, "ec", place) is the server of this run with that server certificate, not yet started."""
    name: str = request.param

    def make_server(folder: Path, certificate: str, place: Place | None = None) -> AuthServer:
        if name == "freeradius":
            return FreeRadius(peer("freeradius"), folder, certificates, certificate, place)
        if name == "hostapd":
            return HostapdServer(peer("hostapd"), folder, certificates, certificate, place)
        return KapijaServer(folder, certificates, certificate, place)

    return make_server


@pytest.fixture
def start(
    request: pytest.FixtureRequest,
    build: Build,
    running: dict[tuple[str, str], AuthServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> Start:
    """start("ec") is the server of this run with that server certificate, running."""
    name: str = request.node.callspec.params["build"]

    def begin(certificate: str) -> AuthServer:
        key = name, certificate
        if key not in running:
            server = build(tmp_path_factory.mktemp("-".join(key)) / "server", certificate)
            server.start()
            running[key] = server
        return running[key]

    return begin


@pytest.fixture
def device(peer: Callable[[str], Path], certificates: Certificates, tmp_path: Path) -> Device:
    """device(server, case) is what eapol_test said. Its configuration and its log stay in the test's own folder."""
    program = peer("eapol_test")

    def log_in(server: AuthServer, case: Case, failure: Failure | None = None) -> Outcome:
        name = failure.name if failure else case.name
        configuration = tmp_path / f"{name}.conf"
        configuration.write_text(network(case, certificates, failure), encoding="utf-8")
        outcome = run(program, configuration, server.place.port, server.secret, case, mac_of(name))
        (tmp_path / f"{name}.log").write_text(outcome.log, encoding="utf-8")
        return outcome

    return log_in

"""Any worker may receive any packet of a conversation, once or twice: it succeeds all the same, and it resumes all the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.cases import METHODS, Case
from tests.interop.certificates import Certificates
from tests.interop.kapija import KapijaServer
from tests.interop.relay import PORTS, Relay
from tests.interop.supplicant import mac_of, network, run

CASES = [
    Case(METHODS["peap-mschapv2"], "1.2", resumed=True, fragment=100),
    Case(METHODS["ttls-pap"], "1.3", resumed=True, tickets=True),
    Case(METHODS["tls"], "1.2", resumed=True, fragment=500),
]


@pytest.fixture(
    scope="module", params=[(1, True), (4, True), (4, False)], ids=["one-worker", "four-workers", "four-workers-at-random"]
)
def server(
    request: pytest.FixtureRequest, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KapijaServer]:
    folder = tmp_path_factory.mktemp("spreading") / "server"
    workers, steer = request.param  # without the kernel's help every packet may land anywhere
    made = KapijaServer(folder, certificates, "ec", workers=workers, steer=steer)
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_device_resumes_whichever_worker_its_packets_come_to(
    server: KapijaServer, peer: Callable[[str], Path], certificates: Certificates, tmp_path: Path, case: Case, times: int
) -> None:
    program, configuration = peer("eapol_test"), tmp_path / "device.conf"
    configuration.write_text(network(case, certificates), encoding="utf-8")
    with Relay(server.place.port, times) as relay:
        for device in range(4):  # devices of several workers
            outcome = run(program, configuration, relay.port, server.secret, case, mac_of(f"{case.name}-{device}-{times}"))
            assert outcome.succeeded, outcome.tail
            assert not outcome.resumed[0]
            assert outcome.resumed[-1], outcome.tail
        assert relay.sent > PORTS  # every source port was used
    assert server.lives()


def test_a_resumed_login_needs_fewer_packets(
    server: KapijaServer, peer: Callable[[str], Path], certificates: Certificates, tmp_path: Path
) -> None:
    program, configuration = peer("eapol_test"), tmp_path / "device.conf"
    sent = []
    for resumed in (True, False):
        case = Case(METHODS["peap-mschapv2"], "1.2", resumed)
        configuration.write_text(network(case, certificates), encoding="utf-8")
        with Relay(server.place.port) as relay:
            assert run(program, configuration, relay.port, server.secret, case, mac_of("few")).succeeded
            sent.append(relay.sent)
    both, full = sent
    assert both - full < full

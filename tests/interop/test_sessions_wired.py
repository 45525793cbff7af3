"""A device at a real hostapd: its session is known here, ended by a Disconnect-Request, and refusals are hostapd's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from radius.admin.context import Admin, open_admin
from radius.admin.people import set_disabled
from radius.admin.session_actions import answers, ask_disconnect, ask_reauthenticate
from radius.admin.sessions import Filter, Session, list_sessions
from radius.store.outbox import Standing
from tests.fakes.serving import eventually
from tests.interop.cases import ANA, METHODS, Case
from tests.interop.certificates import Certificates
from tests.interop.kapija import KapijaServer
from tests.interop.supplicant import network
from tests.interop.wired import DEVICE, Network, Port, why_not

MAC = DEVICE.upper().replace(":", "-")


@pytest.fixture(scope="module")
def cables(peer: Callable[[str], Path]) -> Iterator[Network]:
    for program in ("ip", "hostapd", "hostapd_cli", "wpa_supplicant", "wpa_cli"):
        peer(program)
    if reason := why_not():
        pytest.skip(reason)
    with Network() as made:
        yield made


@pytest.fixture(scope="module")
def server(cables: Network, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KapijaServer]:
    made = KapijaServer(tmp_path_factory.mktemp("sessions") / "server", certificates, "ec", cables.place())
    made.start()
    yield made
    made.stop()


@pytest.fixture
def admin(server: KapijaServer) -> Iterator[Admin]:
    with open_admin(server.home, "test") as opened:
        yield opened


@pytest.fixture
def port(
    cables: Network, server: KapijaServer, certificates: Certificates, peer: Callable[[str], Path], tmp_path: Path
) -> Iterator[Port]:
    case = Case(METHODS["peap-mschapv2"], "1.2")
    with Port(cables, tmp_path, peer, server.secret, network(case, certificates, None), sessions=True) as plugged:
        yield plugged


def comes(admin: Admin, port: Port) -> Session:
    """The device's session, once it is on."""

    def mine() -> list[Session]:
        number = port.station().get("dot1xAuthSessionId", "?")
        living = list_sessions(admin, Filter(mac=MAC, living=True, authenticated=True))
        return [session for session in living if session.session_id == number]

    port.wait(lambda: bool(mine()), "the session is known")
    return mine()[0]


def answer(admin: Admin, asked: object) -> Standing:
    eventually(lambda: answers(admin, [asked])[0].state != "waiting", "the switch has answered")  # type: ignore[list-item]
    return answers(admin, [asked])[0]  # type: ignore[list-item]


def test_hostapd_ends_the_session_and_says_so_twice(admin: Admin, port: Port) -> None:
    session = comes(admin, port)
    assert session.family == "hostapd"
    told = answer(admin, ask_disconnect(admin, session.id))
    assert (told.state, told.sent, told.answer) == ("done", "disconnect", "done")
    port.wait(lambda: f"AP-STA-DISCONNECTED {DEVICE}" in port.said("hostapd"), "hostapd has disconnected the device")
    port.wait(lambda: not list_sessions(admin, Filter(mac=MAC, living=True)), "its Stop has come")


def test_hostapd_that_has_lost_the_session_says_503(admin: Admin, port: Port) -> None:
    session = comes(admin, port)
    with admin.engine.begin() as connection:  # as if the switch had started anew: another number than it knows
        connection.exec_driver_sql(f"UPDATE sessions SET session_id = 'gone' WHERE id = {session.id}")
    told = answer(admin, ask_disconnect(admin, session.id))
    assert (told.state, told.answer, told.error_cause) == ("refused", "session-context-not-found", 503)


def test_to_authenticate_again_at_hostapd_is_to_end_the_session(admin: Admin, port: Port) -> None:
    told = answer(admin, ask_reauthenticate(admin, comes(admin, port).id))
    assert (told.state, told.sent, told.answer) == ("done", "disconnect", "done")


def test_a_disabled_account_is_put_out_at_hostapd(admin: Admin, port: Port) -> None:
    comes(admin, port)
    set_disabled(admin, ANA.name, True)
    try:
        port.wait(lambda: f"AP-STA-DISCONNECTED {DEVICE}" in port.said("hostapd"), "hostapd has disconnected the device")
    finally:
        set_disabled(admin, ANA.name, False)

"""A real server, a real slapd, and a network between them that fails in every way: an outage is not a denial.

The directory is asked each time (its caches last 0 seconds), so whatever is answered while it is away is survival.
"""

import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from radius.admin.context import open_admin
from radius.audit.causes import Cause
from radius.audit.search import Entry, search
from radius.audit.sentences import explain
from radius.server.status import read_statuses
from radius.settings import Home
from radius.wire.attributes import REPLY_MESSAGE
from radius.wire.codes import Code
from radius.wire.packet import Packet
from tests.fakes.asker import Asker
from tests.fakes.directory_home import document, put_directory, remove_directory
from tests.fakes.eap_asker import EapAsker
from tests.fakes.eap_peer import GTC, MSCHAPV2, Peer
from tests.fakes.fault_proxy import Fault, FaultProxy
from tests.fakes.pem_files import ec_key
from tests.fakes.serving import PASSWORD, SECRET, Serving, eventually, make_home
from tests.fakes.slapd import HOST, Slapd
from tests.fakes.slapd_people import PEOPLE_BASE

ASKED_EACH_TIME = "[cache]\nfacts_seconds = 0\nproof_seconds = 0\nrefusal_seconds = 0\n[limits]\ndeadline_seconds = 1.0\n"
ANA = ("ana", "ana-lozinka")
LOCAL = ("ucenik.primer", PASSWORD)
BARE = '\n[[eap.offer]]\nclient = "127.0.0.1"\nmethods = ["eap-mschapv2", "eap-gtc"]\n'
MAC = "02-00-00-00-40-01"


def newcomer(number: int) -> tuple[str, str]:
    """Somebody who has never been here before an outage, and her password."""
    return f"nova-{number}", f"nova-{number}-lozinka"


def newcomers(count: int) -> str:
    """The same for slapd, in LDIF."""
    kind = "objectClass: inetOrgPerson\nsn: Nova\ncn: Nova"
    people = [newcomer(number) for number in range(count)]
    return "".join(f"\ndn: uid={name},{PEOPLE_BASE}\n{kind}\nuid: {name}\nuserPassword: {word}\n" for name, word in people)


class House:
    """The server with one directory behind the proxy."""

    def __init__(self, home: Home, slapd: Slapd, proxy: FaultProxy, serving: Serving) -> None:
        self.home = home
        self.slapd = slapd
        self.proxy = proxy
        self.serving = serving

    def pap(self, who: tuple[str, str], mac: str = MAC) -> Packet | None:
        with Asker(self.serving.port, SECRET, patience=10.0) as asker:
            return asker.pap(*who, mac)

    def gets_in(self, who: tuple[str, str]) -> bool:
        reply = self.pap(who)
        return reply is not None and reply.code == Code.ACCESS_ACCEPT

    def tells_of_the_outage(self, who: tuple[str, str]) -> bool:
        """A reject that blames the directory."""
        reply = self.pap(who)
        assert reply is not None
        assert reply.code == Code.ACCESS_REJECT, who
        return reply.first.get(REPLY_MESSAGE, b"").decode() == explain(Cause.DIRECTORY_AWAY, "pupil", "en").cause

    def rows(self, since: float) -> list[Entry]:
        with open_admin(self.home, "test") as admin, admin.reading() as connection:
            return search(connection, admin.keyring, since=since, tag="access:", limit=1000)

    def state(self) -> str:
        workers = read_statuses(self.home.status)
        return workers[0].directories[0].state if workers else "not told yet"


@pytest.fixture(scope="module")
def house(peer: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("away")
    with ExitStack() as stack:
        slapd = stack.enter_context(Slapd(peer("slapd"), folder / "slapd", more_people=newcomers(20)))
        proxy = stack.enter_context(FaultProxy(slapd.ldaps_port))
        home = make_home(folder / "kapija", more=BARE)
        put_directory(home, "ldap", document(slapd, proxy.port, ASKED_EACH_TIME))
        serving = stack.enter_context(Serving(home))
        yield House(home, slapd, proxy, serving)
        proxy.heal()


def expire(house: House, *, expired: bool) -> None:
    """The directory's certificate ends, or is renewed."""
    house.slapd.stop()
    house.slapd.authority.server_pair("server", HOST, ec_key(), expired=expired, address="127.0.0.1")
    house.slapd.start()


Break = Callable[[House], None]


def by_proxy(fault: Fault, seconds: float = 0.0) -> tuple[Break, Break]:
    return lambda house: house.proxy.fail(fault, seconds), lambda house: house.proxy.heal()


FAULTS: dict[str, tuple[Break, Break]] = {
    "five seconds late": by_proxy(Fault.LATE, 5.0),
    "hangs after connect": by_proxy(Fault.HANG),
    "reset": by_proxy(Fault.RESET),
    "half-closed": by_proxy(Fault.HALF_CLOSED),
    "refused": by_proxy(Fault.REFUSED),
    "slow drip": by_proxy(Fault.DRIP, 0.5),
    "expired certificate": (lambda house: expire(house, expired=True), lambda house: expire(house, expired=False)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_known_people_keep_getting_in_nobody_is_blamed_and_it_heals_by_itself(house: House, fault: str) -> None:
    begin, heal = FAULTS[fault]
    new = newcomer(list(FAULTS).index(fault))
    eventually(lambda: house.gets_in(ANA) and house.state() == "closed", "all is well")
    since = time.time()
    begin(house)
    try:
        assert house.gets_in(ANA)
        for _ in range(5):  # of one device: what is no wrong password never feeds the back-off
            assert house.tells_of_the_outage(new)
        assert house.tells_of_the_outage(("ana", "perhaps the new one"))
        assert house.tells_of_the_outage(("nepoznat", "x"))
        assert house.gets_in(ANA)
        assert house.gets_in(LOCAL)
        eventually(lambda: house.state() == "open", "the status tells of it")
    finally:
        heal(house)
    eventually(lambda: house.gets_in(new), "it heals by itself")
    eventually(lambda: house.state() == "closed", "the status tells of that")
    eventually(
        lambda: any(row.user == new[0] and row.tag.endswith("granted") for row in house.rows(since)), "all is in the log"
    )
    rows = house.rows(since)
    assert {cause for row in rows for cause in row.causes} == {Cause.DIRECTORY_AWAY}
    of_ana = [row.from_cache for row in rows if row.user == "ana" and row.tag.endswith("granted")]
    assert of_ana == [True, True]
    assert not any(row.from_cache for row in rows if row.user in (new[0], LOCAL[0]))


@pytest.mark.parametrize("fault", ["five seconds late", "hangs after connect", "slow drip"])
def test_a_login_begun_after_a_stuck_one_that_does_not_need_the_directory_ends_before_it(house: House, fault: str) -> None:
    begin, heal = FAULTS[fault]
    new = newcomer(len(FAULTS) + list(FAULTS).index(fault))
    eventually(lambda: house.gets_in(ANA) and house.state() == "closed", "all is well")
    begin(house)
    try:
        with ExitStack() as stack:
            askers = {name: stack.enter_context(Asker(house.serving.port, SECRET)) for name in ("stuck", "local")}
            selector = stack.enter_context(selectors.DefaultSelector())
            for name, who in (("stuck", new), ("local", LOCAL)):
                selector.register(askers[name], selectors.EVENT_READ, name)
                askers[name].begin_pap(*who)
            order: list[str] = []
            while len(order) < 2:
                for key, _ in selector.select(10):
                    order.append(key.data)
                    selector.unregister(key.fileobj)
        assert order == ["local", "stuck"]
    finally:
        heal(house)
    eventually(lambda: house.gets_in(new), "it heals by itself")


def test_what_is_known_survives_a_killed_worker_and_a_restart_of_the_server(house: House) -> None:
    eventually(lambda: house.gets_in(ANA), "all is well")
    known = house.home.known_file.stat().st_mtime_ns
    assert house.gets_in(ANA)
    eventually(lambda: house.home.known_file.stat().st_mtime_ns > known, "what is known is written")
    house.proxy.fail(Fault.REFUSED)
    try:
        house.serving.kill_everything()
        with house.serving:
            assert house.gets_in(ANA)
            assert house.tells_of_the_outage(newcomer(19))
            assert house.serving.stop() == 0
        house.serving.__enter__()
        assert house.gets_in(ANA)
    finally:
        house.proxy.heal()
    eventually(lambda: house.gets_in(newcomer(19)), "it heals by itself")


def test_a_directory_is_added_changed_and_removed_while_the_server_runs(house: House) -> None:
    there, gone = ("ana@dva.example", "ana-lozinka"), ("ana@tri.example", "ana-lozinka")
    assert not house.gets_in(there)
    put_directory(house.home, "drugi", document(house.slapd, house.slapd.ldaps_port, realms=("dva.example",)))
    eventually(lambda: house.gets_in(there), "it is asked")
    put_directory(house.home, "drugi", document(house.slapd, house.slapd.ldaps_port, realms=("tri.example",)))
    eventually(lambda: house.gets_in(gone), "its other realm is asked")
    assert not house.gets_in(there)
    remove_directory(house.home, "drugi")
    eventually(lambda: not house.gets_in(gone), "it is asked no more")
    assert house.gets_in(ANA)


def test_what_the_directory_cannot_check_is_not_offered_by_802_1x_and_the_log_says_so(house: House) -> None:
    since = time.time()
    for speaks, code in ((GTC, Code.ACCESS_ACCEPT), (MSCHAPV2, Code.ACCESS_REJECT)):
        asker = EapAsker(house.serving.port, SECRET, f"02-00-00-00-41-{speaks:02X}", Peer(*ANA, speaks=(speaks,)))
        asker.begin()
        reply = asker.to_the_end()
        assert reply is not None
        assert reply.code == code
    words = "MS-CHAPv2 is not offered for names without a realm, because the directory (ldap) cannot check it"
    eventually(lambda: any(words in row.detail for row in house.rows(since)), "the log says so")

"""Servers: whose certificate is taken, who may search, how many connections there are, and lists that are read by pages."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from radius.directory.description import parse_description
from radius.directory.ldap.filters import ANYTHING, fill
from radius.directory.ldap.password_policy import PASSWORD_POLICY, PolicyError, policy_error
from radius.directory.ldap.servers import EXTRA, Servers
from radius.directory.ldap.unreachable import Stage, Unreachable
from radius.errors import OperatorError
from radius.secret import Secret
from tests.fakes.fault_proxy import Fault, FaultProxy
from tests.fakes.ldap_octets import LdapOctets, message, tlv
from tests.fakes.pem_files import LivingAuthority
from tests.fakes.slapd import HOST, SERVICE_PASSWORD, Slapd
from tests.fakes.slapd_people import PEOPLE_BASE

SECRETS = {"bind_password": Secret(SERVICE_PASSWORD)}
ANA = f"uid=ana,{PEOPLE_BASE}"


def soon() -> float:
    return time.monotonic() + 10


def servers_of(slapd: Slapd, *urls: str, top: str = "", secrets: dict[str, Secret] | None = None, ca: str = "") -> Servers:
    text = slapd.document(*urls, top=top)
    return Servers(parse_description(text.replace(slapd.ca, ca) if ca else text), SECRETS if secrets is None else secrets)


def found(servers: Servers) -> list[str]:
    with closing(servers):
        return [entry.dn for entry in servers.search(PEOPLE_BASE, fill("(uid=ana)", {}), ["uid"], soon(), size_limit=2)]


def refused(servers: Servers) -> Unreachable:
    with closing(servers), pytest.raises(Unreachable) as raised:
        servers.search(PEOPLE_BASE, fill("(uid=ana)", {}), ["uid"], soon())
    return raised.value


@pytest.fixture(scope="module")
def expired(peer: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(peer("slapd"), tmp_path_factory.mktemp("expired"), expired=True) as slapd:
        yield slapd


@pytest.fixture(scope="module")
def google(peer: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(peer("slapd"), tmp_path_factory.mktemp("google"), client_certificates=True) as slapd:
        yield slapd


def both(slapd: Slapd) -> list[str]:
    return [f"ldaps://127.0.0.1:{slapd.ldaps_port}", f"ldap://127.0.0.1:{slapd.ldap_port}"]


@pytest.mark.parametrize("number", [0, 1], ids=["ldaps", "starttls"])
class TestCertificates:
    def test_one_that_holds_is_taken_by_its_address_and_by_its_name(self, slapd: Slapd, number: int) -> None:
        assert found(servers_of(slapd, both(slapd)[number])) == [ANA]
        assert found(servers_of(slapd, both(slapd)[number], top=f'server_name = "{HOST}"')) == [ANA]

    def test_one_of_another_name_is_not(self, slapd: Slapd, number: int) -> None:
        away = refused(servers_of(slapd, both(slapd)[number], top='server_name = "ldap.drugi.example"'))
        assert away.stage is Stage.TLS
        assert "mismatch" in away.detail.lower()

    def test_one_of_another_address_is_not(self, slapd: Slapd, number: int) -> None:
        away = refused(
            servers_of(slapd, both(slapd)[number].replace("127.0.0.1", "127.0.0.2"), top='server_name = "127.0.0.2"')
        )
        assert away.stage in (Stage.TLS, Stage.CONNECT)

    def test_one_of_a_stranger_is_not(self, slapd: Slapd, number: int, tmp_path: Path) -> None:
        stranger = LivingAuthority("Directory CA", tmp_path).write("ca.pem").read_text()
        away = refused(servers_of(slapd, both(slapd)[number], ca=stranger))
        assert away.stage is Stage.TLS

    def test_the_systems_authorities_do_not_know_ours(self, slapd: Slapd, number: int) -> None:
        text = slapd.document(both(slapd)[number]).replace(slapd.ca, "")
        assert refused(Servers(parse_description(text), SECRETS)).stage is Stage.TLS

    def test_an_expired_one_is_not(self, expired: Slapd, number: int) -> None:
        away = refused(servers_of(expired, both(expired)[number]))
        assert (away.stage, away.detail) == (Stage.TLS, "certificate has expired")

    def test_a_client_certificate_is_shown_where_it_is_demanded(self, google: Slapd, number: int) -> None:
        certificate, key = google.client()
        top = f'client_certificate = """{certificate}"""'
        servers = servers_of(google, both(google)[number], top=top, secrets={"client_key": Secret(key)})
        with closing(servers):
            assert [entry.dn for entry in servers.search(PEOPLE_BASE, fill("(uid=ana)", {}), ["uid"], soon())] == [ANA]
            assert servers.bind_as(ANA, Secret("ana-lozinka"), soon()).code == 0
            assert servers.bind_as(ANA, Secret("guess"), soon()).code == 49

    def test_without_a_client_certificate_nobody_is_asked(self, google: Slapd, number: int) -> None:
        assert refused(servers_of(google, both(google)[number])).stage in (Stage.TLS, Stage.BIND, Stage.SEARCH)

    def test_a_client_certificate_of_a_stranger_is_refused(self, google: Slapd, number: int, tmp_path: Path) -> None:
        pair = LivingAuthority("Another CA", tmp_path).client_pair("client", "kapija")
        top = f'client_certificate = """{pair.chain.read_text()}"""'
        secrets = {"client_key": Secret(pair.key.read_text())}
        assert refused(servers_of(google, both(google)[number], top=top, secrets=secrets)).stage in (Stage.TLS, Stage.BIND)


def test_a_key_that_is_not_the_certificates_is_the_operators_mistake(slapd: Slapd, tmp_path: Path) -> None:
    authority = LivingAuthority("CA", tmp_path)
    certificate = authority.client_pair("one", "kapija").chain.read_text()
    key = authority.client_pair("two", "kapija").key.read_text()
    for secrets in ({}, {"client_key": Secret(key)}, {"client_key": Secret("nonsense")}):
        with pytest.raises(OperatorError, match="client_key"):
            servers_of(slapd, top=f'client_certificate = """{certificate}"""', secrets=secrets)
    with pytest.raises(OperatorError, match="ca: "):
        servers_of(slapd, ca="nonsense")


@pytest.mark.parametrize("secrets", [{}, {"bind_password": Secret("")}, {"bind_password": Secret("guess")}])
def test_a_service_account_that_is_refused_says_nothing_about_people(slapd: Slapd, secrets: dict[str, Secret]) -> None:
    assert refused(servers_of(slapd, secrets=secrets)).stage is Stage.BIND


@pytest.mark.parametrize(
    "more", [b"", b"\x30\x0c\x02\x01\x63\x65\x07\x0a\x01\x00\x04\x00\x04\x00"], ids=["refused", "injected"]
)
def test_start_tls_that_does_not_start_is_could_not_ask(slapd: Slapd, more: bytes) -> None:
    """Refused; or with something of an attacker behind the answer, which would be read as if it had come encrypted."""
    code = b"\0" if more else b"\x02"
    with LdapOctets(lambda number, _: message(number, tlv(0x78, tlv(10, code), tlv(4), tlv(4))) + more) as server:
        assert refused(servers_of(slapd, f"ldap://127.0.0.1:{server.port}")).stage is Stage.TLS


def test_a_password_never_leaves_before_tls(slapd: Slapd) -> None:
    """A server without StartTLS is asked for it, and for nothing else."""
    with LdapOctets(lambda number, _: message(number, tlv(0x78, tlv(10, b"\x02"), tlv(4), tlv(4)))) as server:
        with closing(servers_of(slapd, f"ldap://127.0.0.1:{server.port}")) as servers, pytest.raises(Unreachable):
            servers.bind_as(ANA, Secret("ana-lozinka"), soon())
        assert set(server.operations) == {0x77}  # ExtendedRequest


def test_lists_are_read_by_pages(slapd: Slapd) -> None:
    """1,200 pupils, of which slapd gives 500 at a time."""
    with closing(servers_of(slapd)) as servers:
        entries = servers.search(PEOPLE_BASE, fill("(departmentNumber=1-1)", {}), ["uid"], soon())
        assert {entry.texts("UID")[0] for entry in entries} == {f"pupil-{number}" for number in range(1200)}
        assert len(servers.search(PEOPLE_BASE, fill("(departmentNumber=1-1)", {}), ["uid"], soon(), size_limit=2)) == 2


def test_a_base_that_is_not_there_says_nothing_but_an_entry_that_is_not_there_does(slapd: Slapd) -> None:
    with closing(servers_of(slapd)) as servers:
        with pytest.raises(Unreachable, match="noSuchObject"):
            servers.search("ou=nema,dc=skola,dc=example", fill("(uid=ana)", {}), ["uid"], soon())
        assert servers.search(f"uid=nema,{PEOPLE_BASE}", ANYTHING, ["uid"], soon(), "base") == []


def test_a_thousand_questions_need_no_more_connections_than_there_are_threads(slapd: Slapd) -> None:
    with FaultProxy(slapd.ldaps_port) as proxy:
        servers = servers_of(slapd, f"ldaps://127.0.0.1:{proxy.port}", top="limits.threads = 2")

        def ask(number: int) -> int:
            right = number % 2 == 0
            code = servers.bind_as(ANA, Secret("ana-lozinka" if right else "guess"), time.monotonic() + 60).code
            return code if right else code - 49

        with closing(servers), ThreadPoolExecutor(16) as pool:
            assert set(pool.map(ask, range(1000))) == {0}
        assert proxy.connections <= 2 + EXTRA


def test_when_all_connections_are_busy_one_does_not_wait_longer_than_the_deadline(slapd: Slapd) -> None:
    with FaultProxy(slapd.ldaps_port) as proxy:
        proxy.fail(Fault.HANG)
        servers = servers_of(slapd, f"ldaps://127.0.0.1:{proxy.port}", top="limits.threads = 1")
        with closing(servers), ThreadPoolExecutor(1 + EXTRA) as pool:
            stuck = [pool.submit(servers.bind_as, ANA, Secret("ana-lozinka"), time.monotonic() + 60) for _ in range(1 + EXTRA)]
            while proxy.connections < 1 + EXTRA:
                time.sleep(0.01)
            with pytest.raises(Unreachable, match="busy"):
                servers.bind_as(ANA, Secret("ana-lozinka"), time.monotonic() + 0.1)
            proxy.heal()
            assert [each.result().code for each in stuck] == [0] * (1 + EXTRA)


def test_connections_that_were_closed_are_not_kept(slapd: Slapd) -> None:
    servers = servers_of(slapd)
    assert servers.bind_as(ANA, Secret("ana-lozinka"), soon()).code == 0
    servers.close()
    assert servers.bind_as(ANA, Secret("ana-lozinka"), soon()).code == 0  # in use while it was closed: closed on its return
    assert all(not kept for server in servers.each for kept in server.idle.values())


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (b"0\x03\x81\x01\x00", PolicyError.PASSWORD_EXPIRED),
        (b"0\x03\x81\x01\x01", PolicyError.ACCOUNT_LOCKED),
        (b"0\x08\xa0\x03\x80\x01\x05\x81\x01\x02", PolicyError.CHANGE_AFTER_RESET),
        (b"0\x05\xa0\x03\x80\x01\x05", None),  # only a warning: time before expiration
        (b"0\x03\x81\x01\x07", None),
        (b"0\x00", None),
        (b"", None),
        (b"0\x03\x81\x05\x00", None),
    ],
)
def test_the_password_policys_control_is_read(value: bytes, error: PolicyError | None) -> None:
    assert policy_error({PASSWORD_POLICY: value}, held=False) is error


@pytest.mark.parametrize(("held", "error"), [(True, PolicyError.CHANGE_AFTER_RESET), (False, PolicyError.PASSWORD_EXPIRED)])
def test_netscapes_control_says_that_the_password_has_expired(held: bool, error: PolicyError) -> None:
    assert policy_error({"2.16.840.1.113730.3.4.4": b"0"}, held=held) is error

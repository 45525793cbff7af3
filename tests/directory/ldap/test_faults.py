"""A directory that is late, silent, cut off or says nonsense: *could not ask*, never *wrong*, and it heals by itself."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radius.directory.description import parse_description
from radius.directory.ldap.filters import fill
from radius.directory.ldap.servers import Servers
from radius.directory.ldap.source import LdapSource
from radius.directory.ldap.unreachable import Unreachable
from radius.directory.question import Answer, CouldNotAsk, NotHere, PlainPassword, Proved, Question, Refused
from radius.secret import Secret
from tests.fakes.fault_proxy import Fault, FaultProxy
from tests.fakes.ldap_octets import (
    BIND_REQUEST,
    BIND_RESPONSE,
    SEARCH_DONE,
    LdapOctets,
    Reply,
    entry,
    message,
    result,
    tlv,
)
from tests.fakes.slapd import SERVICE_PASSWORD, Slapd

NOW = 1_795_420_800.0
AWAY = CouldNotAsk("skola")
SECRETS = {"bind_password": Secret(SERVICE_PASSWORD)}
BOUND = 30.0  # seconds: what would hang, or drip for minutes, has been given up long before
FAULTS = [fault for fault in Fault if fault is not Fault.NONE]


@pytest.fixture
def proxy(slapd: Slapd) -> Iterator[FaultProxy]:
    with FaultProxy(slapd.ldaps_port) as proxy:
        yield proxy


def source_at(slapd: Slapd, *ports: int, top: str = "") -> LdapSource:
    description = parse_description(slapd.document(*(f"ldaps://127.0.0.1:{port}" for port in ports), top=top))
    return LdapSource("skola", description, Servers(description, SECRETS))


def ask(source: LdapSource, seconds: float = 0.3, password: str = "ana-lozinka") -> Answer:
    began = time.monotonic()
    answer = source.answer(Question("ana", PlainPassword(Secret(password)), NOW), began + seconds)
    assert time.monotonic() - began < BOUND
    return answer


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_never_an_answer_about_a_person_and_passes_by_itself(slapd: Slapd, proxy: FaultProxy, fault: Fault) -> None:
    with closing(source_at(slapd, proxy.port)) as source:
        proxy.fail(fault, 5.0)
        assert ask(source) == ask(source, password="guess") == AWAY  # on new connections
        assert source.trouble
        proxy.heal()
        assert isinstance(ask(source, BOUND), Proved)
        proxy.fail(fault, 5.0)
        assert ask(source) == AWAY  # on the connection that was kept
        proxy.heal()
        assert isinstance(ask(source, BOUND), Proved)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_second_server_answers_while_the_first_does_not(slapd: Slapd, proxy: FaultProxy, fault: Fault) -> None:
    with closing(source_at(slapd, proxy.port, slapd.ldaps_port)) as source:
        assert isinstance(ask(source, BOUND), Proved)
        came = proxy.connections
        proxy.fail(fault, 5.0)
        assert isinstance(ask(source, 2.0), Proved)
        tried = proxy.connections
        assert isinstance(ask(source, 2.0), Proved)  # the first rests
        assert proxy.connections == tried
        assert came >= 1


def test_a_server_that_freezes_in_the_middle_and_thaws(slapd: Slapd) -> None:
    with closing(source_at(slapd, slapd.ldaps_port)) as source:
        assert isinstance(ask(source, BOUND), Proved)
        slapd.freeze()
        try:
            assert ask(source) == AWAY
        finally:
            slapd.thaw()
        assert isinstance(ask(source, BOUND), Proved)


def test_a_server_that_was_started_anew_is_not_noticed(slapd: Slapd) -> None:
    with closing(source_at(slapd, slapd.ldaps_port)) as source:
        assert isinstance(ask(source, BOUND), Proved)
        slapd.stop()
        slapd.start()
        assert isinstance(ask(source, BOUND), Proved)  # the kept connections are dead, and new ones are opened


def test_a_deadline_that_has_passed_is_kept_too(slapd: Slapd) -> None:
    with closing(source_at(slapd, slapd.ldaps_port)) as source:
        assert ask(source, -1.0) == AWAY
        assert ask(source, 0.0) == AWAY
        assert isinstance(ask(source, BOUND), Proved)


def test_a_name_that_cannot_be_looked_up_is_could_not_ask(slapd: Slapd) -> None:
    description = parse_description(slapd.document("ldaps://no-such-host.invalid"))
    with closing(LdapSource("skola", description, Servers(description, SECRETS))) as source:
        assert ask(source, 2.0) == AWAY
        assert "resolve" in source.trouble


def at_octets(reply: Reply, stack: ExitStack) -> tuple[LdapSource, LdapOctets]:
    """A source whose server answers with prepared octets. Its service account binds without a password of its own."""
    server = stack.enter_context(LdapOctets(reply))
    text = f'kind = "ldap"\nservers = ["ldap://127.0.0.1:{server.port}"]\nbase = "dc=x"\ntls = "insecure-plain"'
    description = parse_description(text)
    return stack.enter_context(closing(LdapSource("skola", description, Servers(description, {})))), server


def found(message_id: int) -> bytes:
    return entry(message_id, "uid=ana,dc=x", uid="ana", entryUUID="1") + result(message_id, SEARCH_DONE, 0)


BUSY, UNAVAILABLE, OTHER, REFERRAL, NO_SUCH_OBJECT, SIZE_LIMIT, INSUFFICIENT, UNWILLING = 51, 52, 80, 10, 32, 4, 50, 53


@pytest.mark.parametrize(
    "code", [1, 2, 3, 7, 8, 11, 13, 14, NO_SUCH_OBJECT, 34, INSUFFICIENT, BUSY, UNAVAILABLE, UNWILLING, OTHER]
)
def test_a_bind_that_says_nothing_about_the_password_is_could_not_ask(code: int) -> None:
    with ExitStack() as stack:
        source, _ = at_octets(
            lambda number, asked: result(number, BIND_RESPONSE, code, "x") if asked == BIND_REQUEST else found(number), stack
        )
        assert ask(source, BOUND) == AWAY


@pytest.mark.parametrize(
    "code", [1, 3, SIZE_LIMIT, REFERRAL, 11, NO_SUCH_OBJECT, INSUFFICIENT, BUSY, UNAVAILABLE, UNWILLING, OTHER]
)
def test_a_search_that_fails_does_not_say_that_nobody_is_there(code: int) -> None:
    with ExitStack() as stack:
        source, _ = at_octets(lambda number, asked: result(number, SEARCH_DONE, code, "x"), stack)
        assert ask(source, BOUND) == AWAY


def test_one_entry_and_a_size_limit_of_the_server_may_be_two(slapd: Slapd) -> None:
    with ExitStack() as stack:
        source, _ = at_octets(
            lambda number, asked: entry(number, "uid=ana,dc=x", uid="ana") + result(number, SEARCH_DONE, SIZE_LIMIT), stack
        )
        assert ask(source, BOUND) == AWAY


def test_a_reference_to_another_server_is_no_entry_and_is_not_followed() -> None:
    with ExitStack() as stack:
        other = stack.enter_context(LdapOctets(lambda number, asked: b""))
        url = f"ldap://127.0.0.1:{other.port}/dc=y".encode()
        source, _ = at_octets(
            lambda number, asked: message(number, tlv(0x73, tlv(4, url))) + result(number, SEARCH_DONE, 0), stack
        )
        assert ask(source, BOUND) == NotHere()
        source, _ = at_octets(lambda number, asked: result(number, SEARCH_DONE, REFERRAL, "", tlv(0xA3, tlv(4, url))), stack)
        assert ask(source, BOUND) == AWAY
        assert other.operations == []


@pytest.mark.parametrize(
    ("code", "text", "cause"),
    [
        (19, "Exceed password retry limit. Please try later.", "account-locked"),  # 389-DS
        (53, "Account inactivated. Contact system administrator.", "account-disabled"),  # 389-DS
        (48, "", "method-not-checkable"),
    ],
)
def test_what_other_servers_say_of_an_account_that_may_not_bind(code: int, text: str, cause: str) -> None:
    with ExitStack() as stack:
        source, _ = at_octets(
            lambda number, asked: result(number, BIND_RESPONSE, code, text) if asked == BIND_REQUEST else found(number), stack
        )
        answer = ask(source, BOUND)
        assert isinstance(answer, Refused)
        assert answer.cause == cause


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x80\x00\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x05\x02\x01\x01\x65\x00",
        result(99, SEARCH_DONE, 0),
        message(
            0, tlv(0x78, tlv(10, b"\x34"), tlv(4), tlv(4), tlv(0x8A, b"1.3.6.1.4.1.1466.20036"))
        ),  # notice of disconnection
        message(1, tlv(0x30, *[b"\x30\x00"] * 50)),
        b"\x30\x82\x10\x00" + b"\x30\x82\x0f\xf0" * 500,
    ],
    ids=range(9),
)
def test_octets_that_are_no_answer_are_could_not_ask(octets: bytes) -> None:
    with ExitStack() as stack:
        source, _ = at_octets(lambda number, asked: octets, stack)
        assert ask(source) == AWAY


@settings(max_examples=40)  # each may wait for the rest of a message
@given(st.binary(max_size=60))
def test_random_octets_are_could_not_ask(octets: bytes) -> None:
    with ExitStack() as stack:
        source, _ = at_octets(lambda number, asked: tlv(0x30, octets), stack)
        assert ask(source, 0.05) == AWAY


def test_an_endless_answer_is_given_up_before_it_fills_the_memory() -> None:
    """500 entries of 20,000 octets: more than one exchange may bring."""
    with ExitStack() as stack:
        server = stack.enter_context(LdapOctets(lambda number, _: entry(number, "uid=ana,dc=x", uid="x" * 20_000) * 500))
        text = f'kind = "ldap"\nservers = ["ldap://127.0.0.1:{server.port}"]\nbase = "dc=x"\ntls = "insecure-plain"'
        servers = stack.enter_context(closing(Servers(parse_description(text), {})))
        with pytest.raises(Unreachable, match="larger than"):
            servers.search("dc=x", fill("(uid=ana)", {}), ["uid"], time.monotonic() + BOUND)

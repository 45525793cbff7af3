"""Real devices' code against a real server: who may come in does, by every method; who may not does not, and is told why."""

import os

import pytest

from radius.audit.search import Entry
from radius.audit.tags import Tag
from tests.interop.cases import METHODS, Case, Failure, failures, full_matrix, pairwise_matrix
from tests.interop.servers import VLAN, Start
from tests.interop.supplicant import Device, mac_of, outer_name

FULL = os.environ.get("INTEROP") == "full"
LOGINS = full_matrix() if FULL else pairwise_matrix()

DEAF = [failure for failure in failures() if failure.deaf]
HEARD = [failure for failure in failures() if not failure.deaf]


def told(entry: Entry) -> tuple[str, str, str, bool, str, int]:
    """What an audit row says of a login."""
    return entry.tag, entry.user, entry.outer, entry.resumed, entry.tls, entry.vlan


def what_happened(case: Case) -> list[tuple[str, str, str, bool, str, int]]:
    """What the audit rows of a case must say: one for a login, one for its resumption."""
    outer = outer_name(case) if case.method.tunnelled else ""
    return [
        (Tag.ACCESS_GRANTED, case.user.name, outer, resumed, case.tls, VLAN) for resumed in (False, True)[: 1 + case.resumed]
    ]


@pytest.mark.parametrize("case", LOGINS, ids=lambda case: case.name)
def test_a_device_logs_in(start: Start, device: Device, case: Case) -> None:
    server = start(case.server)
    if reason := server.lacks(case):
        pytest.skip(reason)
    outcome = device(server, case)
    assert outcome.succeeded, outcome.tail
    if case.method.tls:
        assert set(outcome.versions) == {case.tls}
        assert not outcome.resumed[0]
        assert outcome.resumed[-1] == case.resumed, outcome.tail
    assert server.lives()
    entries = server.audit(mac_of(case.name), 1 + case.resumed)
    assert entries is None or [told(entry) for entry in entries] == what_happened(case)


@pytest.mark.parametrize("failure", HEARD, ids=lambda failure: failure.name)
def test_a_device_that_must_not_come_in_does_not_and_the_server_goes_on(start: Start, device: Device, failure: Failure) -> None:
    server = start(failure.case.server)
    if reason := server.lacks(failure.case, failure):
        pytest.skip(reason)
    outcome = device(server, failure.case, failure)
    assert outcome.rejected, outcome.tail
    assert failure.says in outcome.log
    entries = server.audit(mac_of(failure.name), 1)
    assert entries is None or [entry.causes for entry in entries] == [(failure.cause,)]
    assert server.lives()
    assert device(server, Case(METHODS["mschapv2"])).succeeded, "nobody gets in any more"


def test_devices_that_fall_silent_at_our_alert_are_explained_all_the_same(start: Start, device: Device) -> None:
    server = start("ec")
    failing = [failure for failure in DEAF if not server.lacks(failure.case, failure)]
    for failure in failing:
        outcome = device(server, failure.case, failure)
        assert not outcome.succeeded
        assert failure.says in outcome.log
    assert server.lives()
    assert device(server, Case(METHODS["mschapv2"])).succeeded, "nobody gets in any more"
    for failure in failing if FULL else ():  # their rows come when the server has lost patience, half a minute later
        entries = server.audit(mac_of(failure.name), 1)
        assert entries is None or [entry.causes for entry in entries] == [(failure.cause,)], failure.name

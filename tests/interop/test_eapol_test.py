"""Real devices' code against a real server: who may come in does, by every method; who may not does not, and is told why."""

import os

import pytest

from tests.interop.cases import METHODS, Case, Failure, failures, full_matrix, pairwise_matrix
from tests.interop.servers import Start
from tests.interop.supplicant import Device, mac_of

LOGINS = full_matrix() if os.environ.get("INTEROP") == "full" else pairwise_matrix()


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


@pytest.mark.parametrize("failure", failures(), ids=lambda failure: failure.name)
def test_a_device_that_must_not_come_in_does_not_and_the_server_goes_on(start: Start, device: Device, failure: Failure) -> None:
    server = start(failure.case.server)
    if reason := server.lacks(failure.case, failure):
        pytest.skip(reason)
    outcome = device(server, failure.case, failure)
    assert outcome.rejected, outcome.tail
    assert failure.says in outcome.log
    causes = server.causes(mac_of(failure.name))
    assert causes is None or causes == [failure.cause]
    assert server.lives()
    assert device(server, Case(METHODS["mschapv2"])).succeeded, "nobody gets in any more"

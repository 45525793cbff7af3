"""Authorities trusted for client certificates: added, listed, removed, for one school or for all."""

import pytest

from radius.admin.trusted import add_trust, list_trust, remove_trust
from radius.audit.causes import Cause
from radius.errors import NotFound, OperatorError
from radius.pki.facts import CertificateFacts
from radius.pki.reading import pem
from radius.pki.trust import TrustStore
from tests.fakes.certificates import DAY, Authority, chain


@pytest.fixture
def authority(clock) -> Authority:
    return Authority("Ministry CA", begins=clock.time - DAY, ends=clock.time + 900 * DAY)


def issued(authority: Authority, clock) -> tuple[bytes, ...]:
    return chain(authority.issue("ana", begins=clock.time - DAY, ends=clock.time + DAY))


def test_a_trusted_authority_lets_in_whom_it_vouches_for_until_it_is_removed(admin, home, clock, authority, told) -> None:
    shown = issued(authority, clock)
    (added,) = add_trust(admin, home, pem(authority.certificate), "ca.pem")
    assert added.scope == "national"
    assert added.file.startswith("ministry-ca-")
    assert isinstance(TrustStore.of(home).check(shown, "", clock.time), CertificateFacts)
    removed = remove_trust(admin, home, added.file)
    assert removed == added
    assert TrustStore.of(home).check(shown, "", clock.time) is Cause.CERTIFICATE_NOT_TRUSTED
    assert [row.tag for row in told()[-2:]] == ["trust:add:done", "trust:remove:done"]
    assert told()[-1].details["fingerprint"] == added.fingerprint


def test_a_schools_authority_is_listed_and_counts_there_alone(admin, home, clock, authority, told) -> None:
    add_trust(admin, home, authority.der, "ca.der", "os-vuk")
    assert [(one.scope, one.subject) for one in list_trust(home) if one.scope != "national"] == [("os-vuk", "CN=Ministry CA")]
    store = TrustStore.of(home)
    assert isinstance(store.check(issued(authority, clock), "os-vuk", clock.time), CertificateFacts)
    assert store.check(issued(authority, clock), "os-tesla", clock.time) is Cause.CERTIFICATE_NOT_TRUSTED
    assert told()[-1].school == "os-vuk"


def test_an_unknown_school_and_what_is_no_authority_are_refused(admin, home, clock, authority, told) -> None:
    rows = told()
    with pytest.raises(NotFound, match="did you mean os-vuk"):
        add_trust(admin, home, pem(authority.certificate), "ca.pem", "os-vukk")
    with pytest.raises(NotFound):
        add_trust(admin, home, pem(authority.certificate), "ca.pem", "../..")
    with pytest.raises(OperatorError, match="is no authority"):
        add_trust(admin, home, pem(authority.issue()), "ca.pem")
    with pytest.raises(OperatorError, match="holds no certificate"):
        add_trust(admin, home, b"", "ca.pem")
    clock.time += 1000 * DAY
    with pytest.raises(OperatorError, match="has come to its end"):
        add_trust(admin, home, pem(authority.certificate), "ca.pem")
    assert told() == rows
    assert [one.scope for one in list_trust(home)] == ["national"]


def test_several_authorities_of_one_file_are_one_change(admin, home, clock, authority, told) -> None:
    other = Authority("Other CA", ends=clock.time + 900 * DAY)
    before = len(told())
    added = add_trust(admin, home, pem(authority.certificate) + pem(other.certificate), "both.pem")
    assert len(added) == 2
    assert len(told()) == before + 2


@pytest.mark.parametrize("file", ["", "nothing.pem", "../national/kapija-ca.pem", "../../master.key"])
def test_only_a_file_that_is_listed_can_be_removed(admin, home, file) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        remove_trust(admin, home, file)
    with pytest.raises(NotFound, match="there is no file"):
        remove_trust(admin, home, "kapija-ca.pem", "os-vuk")
    assert home.master_key.exists()


def test_a_file_that_cannot_be_read_is_not_listed_but_can_be_removed(admin, home) -> None:
    bad = home.pki / "trust" / "national" / "bad.pem"
    bad.write_text("half a file")
    assert [one.file for one in list_trust(home)] == ["kapija-ca.pem"]
    remove_trust(admin, home, "bad.pem")
    assert not bad.exists()

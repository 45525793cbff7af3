"""What `check` says of certificates, and the warnings before one ends: in log and audit, never twice a day."""

import logging
import time

import pytest

from radius.admin import certificate_checks as checks
from radius.admin.findings import Finding, Level
from radius.admin.trusted import add_trust, list_trust
from radius.pki.reading import pem
from radius.pki.server_certificates import CA, file_of
from tests.fakes.certificates import DAY, Authority


@pytest.fixture(autouse=True)
def today(clock) -> None:
    clock.time = time.time()  # `init` made the home's certificates by this machine's clock


def findings(home, now: float) -> list[Finding]:
    found = list(checks.look(home, now))
    assert all(one.mend for one in found if one.level is not Level.OK)
    return found


def test_a_new_home_is_fine(home, clock) -> None:
    (found,) = findings(home, clock.time)
    assert (found.level, found.check) == (Level.OK, "certificate")


def test_an_expired_certificate_is_a_failure_and_one_that_ends_soon_a_warning(home, clock) -> None:
    assert [one.level for one in findings(home, clock.time + 350 * DAY)] == [Level.WARN]
    assert [one.level for one in findings(home, clock.time + 398 * DAY)] == [Level.FAIL]


def test_a_file_that_others_can_read_is_a_failure_with_its_mend(home, clock) -> None:
    file_of(home, "server-ec").chmod(0o644)
    (found,) = findings(home, clock.time)
    assert found.level is Level.FAIL
    assert "chmod 600" in found.mend


def test_no_certificate_is_a_warning(home, clock) -> None:
    file_of(home, "server-ec").unlink()
    (found,) = findings(home, clock.time)
    assert (found.level, "802.1X cannot be offered" in found.words) == (Level.WARN, True)
    assert "kapija pki renew" in found.mend
    file_of(home, CA).unlink()  # a home from before certificates
    assert "kapija pki new-ca" in findings(home, clock.time)[0].mend


def test_a_bad_authority_and_bad_and_old_lists_are_told(home, clock, admin) -> None:
    ca = Authority("Ministry CA", ends=clock.time + 20 * DAY)
    add_trust(admin, home, pem(ca.certificate), "ca.pem")
    (home.pki / "trust" / "national" / "bad.pem").write_text("x")
    (home.pki / "crl" / "old.crl").write_bytes(ca.crl(this=clock.time - 9 * DAY, until=clock.time - DAY))
    (home.pki / "crl" / "bad.crl").write_bytes(b"x")
    told = [(one.check, one.level) for one in findings(home, clock.time) if one.level is not Level.OK]
    assert ("trust", Level.WARN) in told
    assert ("trust", Level.FAIL) in told
    assert ("revocation", Level.WARN) in told
    assert ("revocation", Level.FAIL) in told


def test_a_certificate_is_warned_of_in_log_and_audit_once_a_stage(admin, home, clock, told, caplog) -> None:
    assert checks.warn_of_ends(home, admin) == []
    rows = len(told())
    clock.time += 340 * DAY
    (warned,) = checks.warn_of_ends(home, admin)
    assert warned.name == "server-ec"
    assert checks.warn_of_ends(home, admin) == []
    clock.time += DAY
    assert checks.warn_of_ends(home, admin) == []
    row = told()[rows]
    assert (row.tag, row.object) == ("certificate:end:soon", "certificate server-ec")
    assert row.details["days"] in ("55", "56")
    assert "kapija pki renew" in caplog.text
    assert caplog.records[-1].levelno == logging.WARNING
    clock.time += 50 * DAY
    assert len(checks.warn_of_ends(home, admin)) == 1
    assert caplog.records[-1].levelno == logging.ERROR
    clock.time += DAY
    assert len(checks.warn_of_ends(home, admin)) == 1
    assert len(told()) == rows + 3


def test_a_schools_authority_that_ends_is_that_schools_warning(admin, home, clock, told) -> None:
    ca = Authority("Vuk CA", ends=clock.time + 20.5 * DAY)
    add_trust(admin, home, pem(ca.certificate), "ca.pem", "os-vuk")
    (warned,) = checks.warn_of_ends(home, admin)
    assert warned.name.startswith("trust/os-vuk/vuk-ca-")
    assert (told()[-1].tag, told()[-1].school) == ("certificate:end:soon", "os-vuk")


def test_the_end_of_our_own_ca_is_told_too(admin, home, clock) -> None:
    clock.time += 3600 * DAY
    names = {one.name for one in checks.warn_of_ends(home, admin)}
    (trusted,) = list_trust(home)
    assert names == {"server-ec", CA, f"trust/national/{trusted.file}"}


def test_an_unreadable_file_does_not_keep_the_others_from_being_told(admin, home, clock, caplog) -> None:
    (home.pki / "trust" / "national" / "a-bad.pem").write_text("x")
    clock.time += 3600 * DAY
    assert len(checks.warn_of_ends(home, admin)) == 3
    assert "a-bad.pem holds no certificate" in caplog.text

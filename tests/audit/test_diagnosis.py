"""What is wrong with a device now, from rows in a real log: its own, those of its account and those of its neighbours."""

from collections.abc import Callable
from typing import Any

import pytest

from radius.audit.causes import Cause
from radius.audit.chain import AdminEvent, append_admin
from radius.audit.diagnosis import Around, Diagnosis, diagnose
from radius.audit.events import AccessDecided
from radius.audit.findings import Finding, explain_finding
from radius.audit.search import search
from radius.audit.sentences import explain
from radius.audit.subjects import erase
from radius.audit.tags import Tag
from radius.store.change import change
from radius.store.engine import reading

Make = Callable[..., AccessDecided]

DEVICE = "02-00-00-00-05-01"
PHONE = "02-00-00-00-05-02"
GRANTED = Tag.ACCESS_GRANTED.value
DENIED = Tag.ACCESS_DENIED.value
DAY = 86_400.0


class Log:
    """Attempts are written through a journal, as workers do; `minute` is when, counted from the house's clock."""

    def __init__(self, house: Any, decided: Make) -> None:
        self._house = house
        self._decided = decided

    def tried(self, minute: float, *causes: str, mac: str = DEVICE, **more: object) -> None:
        """An attempt that failed for these causes, or came in when there are none."""
        tag = DENIED if causes else GRANTED
        fields = {"method": "peap", "inner": "mschapv2", "tls": "1.2", "tag": tag, "causes": causes, "mac": mac} | more
        journal = self._house.journal()
        journal.append(self._decided(time=self._house.clock.now + 60 * minute, **fields))
        journal.close()

    def password_set(self, minute: float, user: str = "ana.primer") -> None:
        """An administrator gave this person a new password."""
        event = AdminEvent(
            self._house.clock.now + 60 * minute,
            Tag.PERSON_PASSWORD_SET,
            "cli:test",
            "os-vuk",
            "person:17",
            subject="person:17",
            user=user,
        )
        with change(self._house.engine) as work:
            append_admin(work, self._house.keyring, event)

    def diagnosis(self, mac: str = DEVICE) -> Diagnosis:
        """Of the device, now."""
        self._house.carry()
        with reading(self._house.engine) as connection:
            return diagnose(connection, self._house.keyring, search(connection, self._house.keyring, mac=mac))


@pytest.fixture
def log(house: Any, decided: Make) -> Log:
    return Log(house, decided)


def test_a_device_that_never_came_is_told_as_such(log: Log) -> None:
    log.tried(0, "wrong-password", mac=PHONE)
    assert log.diagnosis() == Diagnosis(Finding.NEVER_SEEN)


def test_a_device_that_is_in_has_nothing_wrong_whatever_was_before(log: Log) -> None:
    for minute in range(3):
        log.tried(minute, "wrong-password")
    log.tried(3)
    assert log.diagnosis() == Diagnosis(Finding.COMES_IN)


@pytest.mark.parametrize("cause", list(Cause))
def test_one_failure_alone_is_told_by_its_own_cause(log: Log, cause: Cause) -> None:
    log.tried(0, cause.value)
    found = log.diagnosis()
    assert found == Diagnosis(cause)
    for language in ("en", "sr-Cyrl", "sr-Latn"):
        assert found.told(language) == explain(cause, "coordinator", language)


def test_the_first_cause_of_several_is_the_diagnosis(log: Log) -> None:
    log.tried(0, "account-expired", "denied-by-rule")
    assert log.diagnosis().code is Cause.ACCOUNT_EXPIRED


def test_a_cause_of_a_later_release_is_not_guessed_at(log: Log) -> None:
    log.tried(0, "moon-in-the-wrong-phase")
    assert log.diagnosis().code is Finding.UNEXPLAINED
    log.tried(1, "moon-in-the-wrong-phase", "account-expired")
    assert log.diagnosis().code is Cause.ACCOUNT_EXPIRED


@pytest.mark.parametrize("cause", ["device-went-silent", "silent-after-certificate", "silent-in-tunnel"])
def test_a_login_given_up_for_another_access_point_is_written_late_and_says_nothing(log: Log, cause: str) -> None:
    log.tried(0, nas="192.0.2.2")
    log.tried(0.5, cause, user="OSVUK\\ana", tag=Tag.ACCESS_UNANSWERED.value)
    assert log.diagnosis() == Diagnosis(Finding.COMES_IN)
    log.tried(1.5, cause, tag=Tag.ACCESS_UNANSWERED.value)  # and one that began after it came in
    assert log.diagnosis().code is not Finding.COMES_IN


def test_a_refusal_right_after_a_login_is_no_late_silence(log: Log) -> None:
    log.tried(0)
    log.tried(0.3, "account-disabled")
    log.tried(0.5, "device-went-silent")
    assert log.diagnosis().code is Cause.DEVICE_WENT_SILENT


# --- an old password on this device


def test_a_device_that_fails_while_the_account_comes_in_elsewhere_has_an_old_password(log: Log) -> None:
    log.tried(-60, mac=PHONE)
    log.tried(0, "wrong-password")
    log.tried(1, "backing-off")
    found = log.diagnosis()
    assert found == Diagnosis(Finding.OLD_PASSWORD, Around(account_in_order=True))
    assert found.told("sr-Latn") == explain_finding(Finding.OLD_PASSWORD, "sr-Latn")


def test_a_password_set_since_the_device_last_came_in_is_the_one_it_lacks(log: Log) -> None:
    log.tried(-3 * 1440)
    log.password_set(-2 * 1440)
    log.tried(0, "wrong-password")
    log.tried(1, "wrong-password")
    assert log.diagnosis().code is Finding.OLD_PASSWORD


def test_a_password_set_before_the_device_last_came_in_says_nothing(log: Log) -> None:
    log.password_set(-600)
    log.tried(-300)
    log.tried(0, "wrong-password")
    log.tried(1, "wrong-password")
    assert log.diagnosis().code is Cause.WRONG_PASSWORD


def test_a_password_set_after_the_last_failure_has_not_been_tried_yet(log: Log) -> None:
    log.tried(-300)
    log.tried(0, "wrong-password")
    log.tried(1, "wrong-password")
    log.password_set(2)
    assert log.diagnosis().code is Cause.WRONG_PASSWORD


def test_what_the_account_did_days_ago_does_not_speak_for_today(log: Log) -> None:
    log.tried(-3 * 1440)
    log.tried(-2 * 1440, mac=PHONE)
    log.tried(0, "wrong-password")
    log.tried(1, "wrong-password")
    assert log.diagnosis().code is Cause.WRONG_PASSWORD


def test_a_new_device_cannot_have_an_old_password(log: Log) -> None:
    log.password_set(-2 * 1440)
    log.tried(0, "wrong-password")
    log.tried(1, "wrong-password")
    assert log.diagnosis().code is Cause.WRONG_PASSWORD


def test_one_wrong_password_may_be_a_slip_of_the_finger(log: Log) -> None:
    log.tried(-60, mac=PHONE)
    log.tried(-1, "device-went-silent")
    log.tried(0, "wrong-password")
    assert log.diagnosis().code is Cause.WRONG_PASSWORD


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"minute": -2 * 1440},  # too long ago to speak for today's password
        {"minute": -60, "user": "eva.primer", "subject": "person:18"},
        {"minute": -60, "method": "mab", "inner": "", "tls": ""},
        {"minute": -60, "method": "eap-tls", "inner": ""},
        {"minute": -60, "method": "ttls", "inner": "tls"},
        {"minute": -60, "mac": DEVICE},
    ],
)
def test_what_does_not_speak_for_the_password_does_not_count(log: Log, elsewhere: dict[str, Any]) -> None:
    log.tried(**({"mac": PHONE} | elsewhere))
    log.tried(0, "wrong-password")
    log.tried(1, "wrong-password")
    assert log.diagnosis().code is Cause.WRONG_PASSWORD


def test_nothing_is_looked_for_under_the_name_of_somebody_erased(log: Log, house: Any) -> None:
    log.tried(-60, user="erased", subject="person:99", mac=PHONE)  # a name that reads like the word for none
    log.tried(0, "wrong-password")
    log.tried(1, "wrong-password")
    house.carry()
    with change(house.engine) as work:
        assert erase(work, "person:17")
    with reading(house.engine) as connection:
        entries = [entry for entry in search(connection, house.keyring, nas="192.0.2.1") if entry.erased]
        assert len(entries) == 2
        assert diagnose(connection, house.keyring, entries) == Diagnosis(Cause.WRONG_PASSWORD)


# --- Credential Guard


@pytest.mark.parametrize("name", ["OSVUK\\ana", "host/laptop-7.os-vuk.example", "HOST/laptop-7.os-vuk.example"])
@pytest.mark.parametrize("field", ["user", "outer"])
def test_a_windows_name_that_falls_silent_in_peap_is_credential_guard(log: Log, name: str, field: str) -> None:
    log.tried(0, "silent-in-tunnel", **{field: name})
    assert log.diagnosis().code is Finding.CREDENTIAL_GUARD


def test_again_and_again_at_the_same_step_is_credential_guard_whatever_the_name(log: Log) -> None:
    log.tried(-60)  # it came in before the update that switched Credential Guard on
    log.tried(0, "silent-in-tunnel", inner="")
    log.tried(1, "silent-in-tunnel", inner="eap-mschapv2")
    assert log.diagnosis().code is Finding.CREDENTIAL_GUARD


@pytest.mark.parametrize(
    "more",
    [{"method": "ttls", "inner": "pap"}, {"inner": "gtc"}, {"inner": "tls"}],
)
def test_another_method_that_falls_silent_is_not_credential_guard(log: Log, more: dict[str, str]) -> None:
    log.tried(0, "silent-in-tunnel", user="OSVUK\\ana", **more)
    log.tried(1, "silent-in-tunnel", user="OSVUK\\ana", **more)
    assert log.diagnosis().code is Cause.SILENT_IN_TUNNEL


def test_silence_of_before_the_last_login_does_not_count(log: Log) -> None:
    log.tried(0, "silent-in-tunnel")
    log.tried(1)
    log.tried(3, "silent-in-tunnel")
    assert log.diagnosis().code is Cause.SILENT_IN_TUNNEL


def test_a_later_failure_of_another_kind_is_what_is_wrong_now(log: Log) -> None:
    log.tried(0, "silent-in-tunnel", user="OSVUK\\ana")
    log.tried(1, "silent-in-tunnel", user="OSVUK\\ana")
    log.tried(2, "account-disabled")
    assert log.diagnosis().code is Cause.ACCOUNT_DISABLED


# --- silent after the certificate, and a certificate that is refused


def neighbours(log: Log, *causes: str, count: int, first: int = 1, **more: object) -> None:
    for number in range(first, first + count):
        log.tried(number, *causes, mac=f"02-00-00-00-06-{number:02X}", subject=f"person:{100 + number}", **more)


def test_neighbours_that_fall_silent_too_are_a_network_that_loses_large_packets(log: Log) -> None:
    log.tried(0, "silent-after-certificate")
    neighbours(log, "silent-after-certificate", count=3)
    assert log.diagnosis() == Diagnosis(Finding.LARGE_PACKETS_LOST, Around(failing_alike=3))


def test_neighbours_that_come_in_are_a_question_on_this_device(log: Log) -> None:
    log.tried(0, "silent-after-certificate")
    neighbours(log, count=3)
    neighbours(log, "silent-after-certificate", count=1, first=9)
    assert log.diagnosis() == Diagnosis(Finding.PROMPT_UNANSWERED, Around(failing_alike=1, coming_in=3))


def test_without_neighbours_the_cause_names_both(log: Log) -> None:
    log.tried(0, "silent-after-certificate")
    assert log.diagnosis() == Diagnosis(Cause.SILENT_AFTER_CERTIFICATE)


@pytest.mark.parametrize(
    "more",
    [
        {"nas": "192.0.2.2"},  # another access point
        {"first": 90},  # too much later
        {"mac_": ""},  # no address: one device may be all of them
    ],
)
def test_who_is_no_neighbour_does_not_count(log: Log, more: dict[str, Any]) -> None:
    log.tried(0, "silent-after-certificate")
    if "mac_" in more:
        log.tried(1, "silent-after-certificate", mac="")
    else:
        neighbours(log, "silent-after-certificate", count=3, **more)
    assert log.diagnosis() == Diagnosis(Cause.SILENT_AFTER_CERTIFICATE)


def test_a_neighbour_counts_by_what_it_did_last(log: Log) -> None:
    log.tried(0, "silent-after-certificate")
    neighbours(log, "silent-after-certificate", count=2)
    log.tried(30, mac="02-00-00-00-06-01")
    log.tried(31, mac="02-00-00-00-06-02", method="mab", inner="", tls="")  # comes in, but no certificate came to it
    assert log.diagnosis() == Diagnosis(Finding.PROMPT_UNANSWERED, Around(coming_in=1))


def test_a_neighbour_that_left_a_late_silence_behind_came_in(log: Log) -> None:
    log.tried(0, "silent-after-certificate")
    log.tried(1, mac="02-00-00-00-06-01")
    log.tried(1.5, "silent-after-certificate", mac="02-00-00-00-06-01")
    assert log.diagnosis() == Diagnosis(Finding.PROMPT_UNANSWERED, Around(coming_in=1))


def test_many_devices_that_refuse_the_certificate_are_a_bad_certificate(log: Log) -> None:
    log.tried(0, "server-not-trusted")
    neighbours(log, "server-not-trusted", count=4)
    neighbours(log, "wrong-password", count=4, first=20)
    neighbours(log, count=1, first=40)
    assert log.diagnosis() == Diagnosis(Finding.SERVER_CERTIFICATE, Around(failing_alike=4, coming_in=1))


def test_one_device_that_refuses_what_others_trust_is_its_own_fault(log: Log) -> None:
    log.tried(0, "server-not-trusted")
    neighbours(log, count=4)
    assert log.diagnosis() == Diagnosis(Cause.SERVER_NOT_TRUSTED, Around(coming_in=4))

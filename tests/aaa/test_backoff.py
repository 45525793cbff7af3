"""The back-off: old passwords are asked ever more rarely, and nobody can lock another person out."""

from hypothesis import given
from hypothesis import strategies as st

from radius.aaa.backoff import FORGET_AFTER, LONGEST, TRUSTED_FOR, Backoff
from radius.audit.causes import Cause

PHONE, LAPTOP, NAME = "02-00-00-00-00-01", "02-00-00-00-00-02", "ucenik.primer"


def test_one_wrong_password_costs_nothing() -> None:
    backoff = Backoff()
    backoff.failed(PHONE, NAME, 100.0)
    assert backoff.refusal(PHONE, NAME, 100.0) is None


def test_the_pause_doubles_from_one_second_and_ends_at_thirty() -> None:
    backoff = Backoff()
    now, pauses = 1000.0, []
    backoff.failed(PHONE, NAME, now)
    for _ in range(8):
        backoff.failed(PHONE, NAME, now)
        pause = 0.0
        while backoff.refusal(PHONE, NAME, now + pause) is Cause.BACKING_OFF:
            pause += 0.5
        pauses.append(pause)
        now += pause
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_success_starts_the_pair_anew() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.failed(PHONE, NAME, 100.0)
    backoff.succeeded(PHONE, NAME, 140.0)
    backoff.failed(PHONE, NAME, 141.0)
    assert backoff.refusal(PHONE, NAME, 141.0) is None


def test_a_phone_with_an_old_password_does_not_stop_its_owners_laptop() -> None:
    backoff = Backoff()
    for second in range(9):
        backoff.failed(PHONE, NAME, 100.0 + second)
    assert backoff.refusal(PHONE, NAME, 108.5) is Cause.BACKING_OFF
    assert backoff.refusal(LAPTOP, NAME, 108.5) is None


def test_guessing_from_many_devices_throttles_the_account() -> None:
    backoff = Backoff()
    for number in range(20):
        backoff.failed(f"02-00-00-00-01-{number:02x}", NAME, 100.0)
    assert backoff.refusal("02-00-00-00-99-99", NAME, 101.0) is Cause.ACCOUNT_THROTTLED


def test_another_spelling_of_a_name_is_no_other_name() -> None:
    """Names are found without regard to case and width, so a guesser must not begin anew with each spelling."""
    backoff = Backoff()
    for spelling in (NAME, NAME.upper()):
        backoff.failed(PHONE, spelling, 100.0)
    assert backoff.refusal(PHONE, NAME.title(), 100.5) is Cause.BACKING_OFF
    for number, spelling in enumerate(("ana", "Ana", "aNa", "anA", "ANa", "AnA", "aNA", "ANA", "ａｎａ", "Ａna", "aｎa")):
        backoff.failed(f"02-00-00-00-01-{number:02x}", spelling, 100.0)
    assert backoff.refusal(LAPTOP, "ana", 100.5) is Cause.ACCOUNT_THROTTLED
    backoff.succeeded(LAPTOP, "ANA", 101.0)
    assert backoff.refusal(LAPTOP, "Ana", 101.0) is None


def test_what_is_no_name_is_counted_as_it_is() -> None:
    backoff = Backoff()
    for _ in range(2):
        backoff.failed(PHONE, "a b\n", 100.0)
    assert backoff.refusal(PHONE, "a b\n", 100.5) is Cause.BACKING_OFF


def test_throttling_never_blocks_a_device_that_got_in_within_a_day() -> None:
    backoff = Backoff()
    backoff.succeeded(LAPTOP, NAME, 100.0)
    for number in range(200):
        backoff.failed(f"02-00-00-00-01-{number:02x}", NAME, 200.0)
    assert backoff.refusal(LAPTOP, NAME, 201.0) is None
    later = 100.0 + TRUSTED_FOR + 1
    for number in range(20):
        backoff.failed(f"02-00-00-00-02-{number:02x}", NAME, later)
    assert backoff.refusal(LAPTOP, NAME, later) is Cause.ACCOUNT_THROTTLED


def test_another_person_on_the_same_device_is_not_held_back() -> None:
    backoff = Backoff()
    for _ in range(6):
        backoff.failed(PHONE, NAME, 100.0)
    assert backoff.refusal(PHONE, "nastavnik.primer", 100.0) is None


def test_a_request_without_a_device_address_earns_no_trust() -> None:
    backoff = Backoff()
    backoff.succeeded("", NAME, 100.0)
    for number in range(20):
        backoff.failed(f"02-00-00-00-01-{number:02x}", NAME, 100.0)
    assert backoff.refusal("", NAME, 101.0) is Cause.ACCOUNT_THROTTLED


def test_old_failures_are_forgotten() -> None:
    backoff = Backoff()
    for _ in range(6):
        backoff.failed(PHONE, NAME, 100.0)
    backoff.failed(PHONE, NAME, 100.0 + FORGET_AFTER + LONGEST)
    assert backoff.refusal(PHONE, NAME, 100.0 + FORGET_AFTER + LONGEST) is None


def test_memory_is_bounded_under_a_flood_of_names_and_devices() -> None:
    backoff = Backoff(at_most=100, trusted_at_most=50)
    for number in range(10_000):
        backoff.failed(f"device{number}", f"name{number}", 1.0)
        backoff.succeeded(f"device{number}", f"other{number}", 1.0)
    assert len(backoff._pairs) <= 100
    assert len(backoff._accounts) <= 100
    assert len(backoff._trusted) + len(backoff._trusted_before) <= 50


def test_the_trusted_of_late_stay_trusted_whoever_else_comes() -> None:
    backoff = Backoff(trusted_at_most=50)
    backoff.succeeded(PHONE, NAME, 1.0)
    for number in range(24):
        backoff.succeeded(f"device{number}", f"other{number}", 1.0)
    for number in range(20):
        backoff.failed(f"stranger{number}", NAME, 2.0)
    assert backoff.refusal(LAPTOP, NAME, 2.0) is Cause.ACCOUNT_THROTTLED
    assert backoff.refusal(PHONE, NAME, 2.0) is None


@given(st.lists(st.tuples(st.sampled_from("fs"), st.integers(0, 3), st.integers(0, 2), st.floats(0, 60)), max_size=60))
def test_nobody_waits_longer_than_the_longest_pause(steps: list[tuple[str, int, int, float]]) -> None:
    backoff, now = Backoff(), 0.0
    for kind, device, name, pause in steps:
        now += pause
        (backoff.failed if kind == "f" else backoff.succeeded)(f"d{device}", f"n{name}", now)
    for device in range(4):
        for name in range(3):
            assert backoff.refusal(f"d{device}", f"n{name}", now + LONGEST) is None


def test_a_directory_that_locks_accounts_is_not_sent_a_third_wrong_password() -> None:
    backoff = Backoff()
    backoff.failed(PHONE, NAME, 100.0, 1800.0)
    assert backoff.refusal(PHONE, NAME, 100.0) is None  # a slip of the finger costs nothing here either
    backoff.failed(PHONE, NAME, 101.0, 1800.0)
    assert backoff.refusal(PHONE, NAME, 1900.9) is Cause.BACKING_OFF
    assert backoff.refusal(LAPTOP, NAME, 102.0) is None
    assert backoff.refusal(PHONE, NAME, 1901.0) is None
    backoff.failed(PHONE, NAME, 1901.0, 1800.0)
    assert backoff.refusal(PHONE, NAME, 1901.0) is None  # forgotten by both
    backoff.failed(PHONE, NAME, 1902.0, 1800.0)
    assert backoff.refusal(PHONE, NAME, 3701.9) is Cause.BACKING_OFF


def test_patience_never_shortens_a_pause() -> None:
    backoff = Backoff()
    for _ in range(9):
        backoff.failed(PHONE, NAME, 100.0, 1.0)
    assert backoff.refusal(PHONE, NAME, 129.0) is Cause.BACKING_OFF

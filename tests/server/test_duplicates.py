"""RFC 5080 section 2.2.2: the same request, the same octets; bounded, and forgotten in time."""

from radius.server.duplicates import GENERATION_SECONDS, Duplicates, key_of
from radius.server.sockets import Source

NAS: Source = ("192.0.2.1", 1024)
ONE = key_of(NAS, 1)


def reply_to(duplicates: Duplicates, octets: bytes) -> bytes | None:
    seen = duplicates.find(ONE, octets)
    assert seen is not None
    return seen.reply


def test_what_was_never_seen_is_new() -> None:
    assert Duplicates().find(ONE, b"request") is None


def test_a_request_in_work_has_no_reply_yet() -> None:
    duplicates = Duplicates()
    duplicates.begin(ONE, b"request")
    assert reply_to(duplicates, b"request") is None


def test_the_reply_is_kept_for_exactly_these_octets_from_exactly_this_source() -> None:
    duplicates = Duplicates()
    duplicates.begin(ONE, b"request").reply = b"reply"
    assert reply_to(duplicates, b"request") == b"reply"
    assert duplicates.find(ONE, b"another") is None
    assert duplicates.find(key_of(NAS, 2), b"request") is None
    assert duplicates.find(key_of(("192.0.2.1", 1025), 1), b"request") is None
    assert duplicates.find(key_of(("192.0.2.2", 1024), 1), b"request") is None


def test_every_port_and_identifier_has_a_key_of_its_own() -> None:
    keys = {key_of(("192.0.2.1", port), identifier) for port in (0, 1, 255, 256, 65_535) for identifier in (0, 1, 255)}
    assert len(keys) == 15


def test_a_link_local_address_is_known_with_its_interface() -> None:
    assert key_of(("fe80::1%eth0", 1024, 0, 2), 1) != key_of(("fe80::1%eth1", 1024, 0, 3), 1)


def test_a_late_reply_does_not_answer_the_identifiers_next_request() -> None:
    duplicates = Duplicates()
    old = duplicates.begin(ONE, b"old")
    duplicates.begin(ONE, b"new")
    old.reply = b"old reply"
    assert reply_to(duplicates, b"new") is None
    assert duplicates.find(ONE, b"old") is None


def test_silence_is_forgotten_so_that_a_repeat_is_tried_anew() -> None:
    duplicates = Duplicates()
    seen = duplicates.begin(ONE, b"request")
    duplicates.tick(GENERATION_SECONDS)
    seen.forget()
    assert duplicates.find(ONE, b"request") is None


def test_an_entry_lives_one_to_two_generations() -> None:
    duplicates = Duplicates()
    duplicates.tick(100.0)
    duplicates.begin(ONE, b"request").reply = b"reply"
    duplicates.tick(100.0 + GENERATION_SECONDS)
    assert reply_to(duplicates, b"request") == b"reply"
    duplicates.tick(100.0 + 2 * GENERATION_SECONDS)
    assert duplicates.find(ONE, b"request") is None


def test_memory_is_bounded_under_a_flood_of_sources() -> None:
    duplicates = Duplicates(at_most=100)
    for port in range(10_000):
        duplicates.begin(key_of(("192.0.2.1", port), 1), b"request")
    assert len(duplicates._now) + len(duplicates._before) <= 200

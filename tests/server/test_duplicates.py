"""RFC 5080 section 2.2.2: the same request, the same octets; bounded, and forgotten in time."""

from radius.server.duplicates import GENERATION_SECONDS, Duplicates
from radius.server.sockets import Source

NAS: Source = ("192.0.2.1", 1024)


def test_what_was_never_seen_is_new() -> None:
    assert Duplicates().find((NAS, 1), b"request") is None


def test_a_request_in_work_has_no_reply_yet() -> None:
    duplicates = Duplicates()
    duplicates.begin((NAS, 1), b"request")
    assert duplicates.find((NAS, 1), b"request") == (b"request", None)


def test_the_reply_is_kept_for_exactly_these_octets_from_exactly_this_source() -> None:
    duplicates = Duplicates()
    duplicates.begin((NAS, 1), b"request")
    duplicates.end((NAS, 1), b"request", b"reply")
    assert duplicates.find((NAS, 1), b"request") == (b"request", b"reply")
    assert duplicates.find((NAS, 1), b"another") is None
    assert duplicates.find((NAS, 2), b"request") is None
    assert duplicates.find((("192.0.2.1", 1025), 1), b"request") is None


def test_a_late_reply_does_not_answer_the_identifiers_next_request() -> None:
    duplicates = Duplicates()
    duplicates.begin((NAS, 1), b"old")
    duplicates.begin((NAS, 1), b"new")
    duplicates.end((NAS, 1), b"old", b"old reply")
    assert duplicates.find((NAS, 1), b"new") == (b"new", None)


def test_silence_is_forgotten_so_that_a_repeat_is_tried_anew() -> None:
    duplicates = Duplicates()
    duplicates.begin((NAS, 1), b"request")
    duplicates.tick(GENERATION_SECONDS)
    duplicates.forget((NAS, 1), b"request")
    assert duplicates.find((NAS, 1), b"request") is None


def test_an_entry_lives_one_to_two_generations() -> None:
    duplicates = Duplicates()
    duplicates.tick(100.0)
    duplicates.begin((NAS, 1), b"request")
    duplicates.end((NAS, 1), b"request", b"reply")
    duplicates.tick(100.0 + GENERATION_SECONDS)
    assert duplicates.find((NAS, 1), b"request") is not None
    duplicates.tick(100.0 + 2 * GENERATION_SECONDS)
    assert duplicates.find((NAS, 1), b"request") is None


def test_memory_is_bounded_under_a_flood_of_sources() -> None:
    duplicates = Duplicates(at_most=100)
    for port in range(10_000):
        duplicates.begin((("192.0.2.1", port), 1), b"request")
    assert len(duplicates._now) + len(duplicates._before) <= 200

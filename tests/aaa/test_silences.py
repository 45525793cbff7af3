"""Silence is an answer only where another server may know better, and never so often that a client takes us for dead."""

from radius.aaa.silences import IN_A_ROW, Silences


def test_where_there_is_no_other_server_silence_is_no_answer() -> None:
    assert not Silences(False).may_be("192.0.2.1")


def test_it_may_be_three_times_in_a_row_for_each_client() -> None:
    silences = Silences(True)
    assert [silences.may_be("192.0.2.1") for _ in range(IN_A_ROW + 2)] == [True, True, True, False, False]
    assert silences.may_be("192.0.2.2")


def test_after_an_answer_the_row_begins_anew() -> None:
    silences = Silences(True)
    for _ in range(3):
        assert silences.may_be("192.0.2.1")
    silences.spoke("192.0.2.1")
    silences.spoke("192.0.2.9")
    assert silences.may_be("192.0.2.1")


def test_clients_beyond_the_bound_are_answered() -> None:
    silences = Silences(True, at_most=2)
    assert [silences.may_be(f"192.0.2.{number}") for number in range(3)] == [True, True, False]

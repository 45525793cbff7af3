"""The fast verifier: pepper, salt and password all matter, and a damaged row verifies nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.crypto.passwords import verifier, verify

PEPPER = bytes(range(32))
SALT = bytes(16)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_the_password_verifies_and_no_other_does(password, other):
    stored = verifier(PEPPER, SALT, password)
    assert verify(PEPPER, stored, password)
    assert verify(PEPPER, stored, other) is (password == other)


def test_another_pepper_or_salt_gives_another_verifier():
    stored = verifier(PEPPER, SALT, b"password")
    assert not verify(bytes(32), stored, b"password")
    assert not verify(PEPPER, b"\1" + stored[1:], b"password")
    assert verifier(PEPPER, b"\1" * 16, b"password")[16:] != stored[16:]


def test_neither_password_nor_pepper_can_be_read_from_it():
    stored = verifier(PEPPER, SALT, b"kanarinac")
    assert len(stored) == 48
    assert b"kanarinac" not in stored
    assert PEPPER[:8] not in stored


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 47, 49, 96])
def test_a_stored_value_of_another_size_verifies_nothing(size):
    stored = verifier(PEPPER, SALT, b"")
    assert not verify(PEPPER, (stored * 2)[:size], b"")


@pytest.mark.parametrize("salt", [b"", bytes(15), bytes(17)])
def test_a_salt_of_another_size_is_refused(salt):
    with pytest.raises(ValueError, match="16"):
        verifier(PEPPER, salt, b"password")


@pytest.mark.parametrize("pepper", [b"", bytes(31), bytes(65)])
def test_a_pepper_that_protects_nothing_is_refused(pepper):
    with pytest.raises(ValueError, match="pepper"):
        verifier(pepper, SALT, b"password")

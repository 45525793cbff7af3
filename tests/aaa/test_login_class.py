"""Class: what leaves with an accept comes back whole, or counts as absent."""

import os

from hypothesis import given
from hypothesis import strategies as st

from radius.aaa.login_class import LoginSeal
from radius.audit.events import Login

SEAL = LoginSeal(b"k" * 32, os.urandom)
words = st.text(max_size=300)
numbers = st.integers(0, 1 << 40)


@given(words, words, words, st.integers(0, 4094), numbers, st.integers(0, 86_400), st.booleans())
def test_what_was_written_is_read_or_as_much_of_it_as_fits(
    subject: str, role: str, rule: str, vlan: int, until: int, interim: int, limited: bool
) -> None:
    name, octets = SEAL.write(1000.9, subject, role, rule, "ab" * 32, vlan, float(until), interim, limited, "peap")
    login = SEAL.read(octets)
    assert login is not None
    assert len(octets) <= 253
    assert (login.id, login.time, login.policy, login.vlan, login.valid_until) == (name, 1000.0, "ab" * 32, vlan, float(until))
    assert login.subject in ("", subject)
    assert login.rule in ("", rule)
    if len((subject + role + rule).encode()) < 120:
        assert login == Login(name, 1000.0, subject, role, rule, "ab" * 32, vlan, float(until), interim, limited, "peap")


@given(st.binary(max_size=253))
def test_no_octets_whatever_are_a_login(octets: bytes) -> None:
    assert SEAL.read(octets) is None


@given(st.integers(0, 92), st.integers(1, 255))
def test_one_changed_octet_breaks_the_seal(at: int, mask: int) -> None:
    _, octets = SEAL.write(0.0, "person:17", "student", "national:pupils", "ab" * 32, 20, 0.0, 600, True, "pap")
    changed = bytearray(octets)
    changed[at % len(octets)] ^= mask
    assert SEAL.read(bytes(changed)) is None
    assert LoginSeal(b"x" * 32, os.urandom).read(octets) is None

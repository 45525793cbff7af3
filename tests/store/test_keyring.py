"""The data keys: sealed to a place, never shown, and the same from SQL and from wrapped copies."""

import pickle
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from radius.errors import OperatorError, ServiceError
from radius.store import tables
from radius.store.engine import reading, writing
from radius.store.keyring import NAMES, Keyring, KeyringIncomplete, MasterKey, SealBroken, WrongMasterKey, verify_signature
from tests.fakes.postgres import both_stores

pytestmark = both_stores

MASTER = MasterKey([b"m" * 32], "master.key")
PLAIN = {name: sha256(name.encode()).digest() for name in NAMES}
KEYRING = Keyring.from_wrapped({name: MASTER.wrap(name, key) for name, key in PLAIN.items()}, MASTER)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_is_sealed_opens_in_its_context_alone(plaintext: bytes, context: str) -> None:
    sealed = KEYRING.seal(plaintext, context)
    assert KEYRING.open(sealed, context) == plaintext
    with pytest.raises(SealBroken):
        KEYRING.open(sealed, context + "x")


@given(st.binary(max_size=80))
def test_octets_that_were_never_sealed_raise_seal_broken_and_nothing_else(octets: bytes) -> None:
    for candidate in (octets, b"\x01" + octets):
        with pytest.raises(SealBroken):
            KEYRING.open(candidate, "client:192.0.2.1")
        with pytest.raises(SealBroken):
            KEYRING.unwrap("person:17", candidate)


def test_every_changed_or_missing_octet_breaks_the_seal() -> None:
    sealed = KEYRING.seal(b"a secret of 20 octet", "client:192.0.2.1")
    for place in range(len(sealed)):
        with pytest.raises(SealBroken):
            KEYRING.open(sealed[:place] + bytes([sealed[place] ^ 0x80]) + sealed[place + 1 :], "client:192.0.2.1")
        with pytest.raises(SealBroken):
            KEYRING.open(sealed[:place], "client:192.0.2.1")


def test_a_secret_moved_to_another_row_does_not_open_and_the_error_tells_nothing() -> None:
    sealed = KEYRING.seal(b"naocigled", "person-plain:ana")
    with pytest.raises(SealBroken) as caught:
        KEYRING.open(sealed, "person-plain:boban")
    assert isinstance(caught.value, ServiceError)
    assert "naocigled" not in str(caught.value)
    assert "boban" not in str(caught.value)


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    assert len({KEYRING.seal(b"same", "x") for _ in range(100)}) == 100


def test_subject_keys_are_wrapped_apart_from_secrets() -> None:
    wrapped = KEYRING.wrap("person:17", b"k" * 32)
    assert KEYRING.unwrap("person:17", wrapped) == b"k" * 32
    with pytest.raises(SealBroken):
        KEYRING.unwrap("person:18", wrapped)
    with pytest.raises(SealBroken):
        KEYRING.open(wrapped, "person:17")


def test_blind_indexes_are_equal_for_equal_texts_of_one_kind_and_key() -> None:
    assert KEYRING.blind_index("user", "ana") == KEYRING.blind_index("user", "ana")
    assert len(KEYRING.blind_index("user", "ana")) == 16
    other = Keyring.from_wrapped({name: MASTER.wrap(name, bytes(32)) for name in NAMES}, MASTER)
    different = {KEYRING.blind_index("user", "ana"), KEYRING.blind_index("mac", "ana"), KEYRING.blind_index("user", "ана")}
    assert len(different | {other.blind_index("user", "ana")}) == 4


def test_each_node_has_a_journal_key_of_its_own() -> None:
    keys = {KEYRING.journal_key("node1"), KEYRING.journal_key("node2"), KEYRING.journal_key("node1")}
    assert len(keys) == 2
    assert {len(key) for key in keys} == {32}
    assert PLAIN["journal-wrap"] not in keys


def test_signatures_hold_for_their_message_and_signer() -> None:
    signature = KEYRING.sign(b"the chain's head")
    assert verify_signature(KEYRING.signer, b"the chain's head", signature)
    assert not verify_signature(KEYRING.signer, b"another head", signature)
    assert not verify_signature(KEYRING.signer, b"the chain's head", bytes(64))
    assert not verify_signature(bytes(32), b"the chain's head", signature)
    assert not verify_signature(b"short", b"the chain's head", signature)


def test_the_database_keeps_the_keys_wrapped_and_gives_them_back(engine: Engine) -> None:
    with writing(engine) as connection:
        made = Keyring.create(connection, MASTER)
    with reading(engine) as connection:
        loaded = Keyring.load(connection, MASTER)
        stored = {row.name: row.wrapped for row in connection.execute(select(tables.keys))}
    assert set(stored) == set(NAMES)
    assert stored == loaded.export_wrapped() == made.export_wrapped()
    copy = Keyring.from_wrapped(stored, MASTER)
    sealed = made.seal(b"secret", "here")
    assert loaded.open(sealed, "here") == copy.open(sealed, "here") == b"secret"
    assert (made.pepper, made.state, made.signer) == (copy.pepper, copy.state, copy.signer)
    assert len({made.pepper, made.state}) == 2
    assert made.pepper not in b"".join(stored.values())


def test_keys_are_made_once(engine: Engine) -> None:
    with writing(engine) as connection:
        Keyring.create(connection, MASTER)
    with pytest.raises(OperatorError, match="has its keys already"), writing(engine) as connection:
        Keyring.create(connection, MASTER)


def test_a_wrong_master_key_and_missing_keys_are_told(engine: Engine) -> None:
    with reading(engine) as connection, pytest.raises(KeyringIncomplete, match=r"the keys seal, pepper, .* are missing"):
        Keyring.load(connection, MASTER)
    with writing(engine) as connection:
        Keyring.create(connection, MASTER)
    with reading(engine) as connection, pytest.raises(WrongMasterKey, match=r"which other\.key does not hold"):
        Keyring.load(connection, MasterKey([b"o" * 32], "other.key"))


def test_a_keyring_prints_no_key_and_cannot_be_pickled() -> None:
    shown = repr(KEYRING) + str(KEYRING) + f"{KEYRING}"
    assert shown == "Keyring(***)" * 3
    assert not hasattr(KEYRING, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(KEYRING)

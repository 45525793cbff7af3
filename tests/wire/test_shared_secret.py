"""Signing, verifying and hiding: what must fail does, and secrets do not show."""

import hashlib
import hmac
import runpy
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.crypto import md5 as md5_module
from radius.crypto.md5 import md5
from radius.secret import Secret
from radius.wire.attributes import PROXY_STATE, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import decode
from radius.wire.shared_secret import SharedSecret

AUTHENTICATOR = bytes(range(16))
SECRET = SharedSecret(Secret("a secret of this test"))
OTHER = SharedSecret(Secret("a secret of this tesT"))
SALT = b"\x80\x01"


def request(attributes: bytes = b"\x01\x05ana"):
    return decode(SECRET.request(Code.ACCESS_REQUEST, 7, AUTHENTICATOR, attributes))


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_the_signature_is_hmac_md5_for_secrets_of_every_length(secret, attributes):
    octets = SharedSecret(Secret(secret)).request(Code.STATUS_SERVER, 1, AUTHENTICATOR, b"")
    wanted = hmac.new(secret, octets[:22] + bytes(16), hashlib.md5).digest()
    assert octets[22:] == wanted
    assert md5(attributes).digest() == hashlib.md5(attributes).digest()


def test_a_request_signed_with_another_secret_is_not_verified():
    assert SECRET.verify_message_authenticator(request())
    assert not OTHER.verify_message_authenticator(request())


def test_one_changed_bit_anywhere_but_in_the_padding_is_noticed():
    octets = request(b"\x01\x05ana" + b"\x06\x06\0\0\0\2").octets
    for at in [0, 1, *range(4, 20), *range(22, 38), 40, 41, 42, 47]:
        forged = octets[:at] + bytes((octets[at] ^ 1,)) + octets[at + 1 :]
        assert not SECRET.verify_message_authenticator(decode(forged)), at


def test_a_request_without_message_authenticator_is_not_verified():
    bare = decode(b"\x01\x07\0\x19" + AUTHENTICATOR + b"\x01\x05ana")
    assert not SECRET.verify_message_authenticator(bare)


def test_a_reply_has_the_message_authenticator_first_and_both_signatures_hold():
    asked = request()
    attributes = b"\x12\x07hello" + encode_attribute(PROXY_STATE, b"p1") + encode_attribute(PROXY_STATE, b"p2")
    reply = decode(SECRET.reply(Code.ACCESS_ACCEPT, asked, attributes))
    assert reply.message_authenticator_at == 22
    assert reply.octets[38:] == attributes
    assert reply.all(PROXY_STATE) == [b"p1", b"p2"]
    assert SECRET.response_valid(reply, asked.authenticator)
    assert SECRET.verify_message_authenticator(reply, asked.authenticator)
    assert not SECRET.verify_message_authenticator(reply)  # a response is never verified by its own authenticator
    assert not OTHER.verify_message_authenticator(reply, asked.authenticator)
    assert not SECRET.response_valid(reply, bytes(16))


def test_a_message_authenticator_in_an_accounting_request_is_verified_with_the_field_zero():
    zero = bytes(16)
    head = b"\x04\x07\0\x26" + zero
    signature = hmac.new(b"a secret of this test", head + b"\x50\x12" + zero, hashlib.md5).digest()
    octets = SECRET.digest_request(Code.ACCOUNTING_REQUEST, 7, b"\x50\x12" + signature)
    assert SECRET.verify_message_authenticator(decode(octets))
    assert SECRET.accounting_authenticator_valid(decode(octets))
    assert not OTHER.verify_message_authenticator(decode(octets))
    assert not OTHER.accounting_authenticator_valid(decode(octets))


def test_4096_octets_can_be_sent_and_4097_cannot():
    asked = request()
    filler = encode_attribute(PROXY_STATE, bytes(253)) * 15
    room = 4096 - 38 - len(filler)
    fits = filler + encode_attribute(PROXY_STATE, bytes(room - 2))
    assert len(SECRET.reply(Code.ACCESS_ACCEPT, asked, fits)) == 4096
    for build in (
        lambda: SECRET.reply(Code.ACCESS_ACCEPT, asked, fits + b"x"),
        lambda: SECRET.request(Code.ACCESS_REQUEST, 1, AUTHENTICATOR, fits + b"x"),
        lambda: SECRET.plain_reply(Code.ACCOUNTING_RESPONSE, asked, bytes(4077)),
        lambda: SECRET.digest_request(Code.ACCOUNTING_REQUEST, 1, bytes(4077)),
    ):
        with pytest.raises(ValueError, match="4096"):
            build()


def test_a_build_without_its_own_md5_signs_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "_md5", None)
    without = runpy.run_path(md5_module.__file__)["md5"]
    assert without is not md5
    state = without(b"a")
    state.copy().update(b"x")
    state.update(b"bc")
    assert state.digest() == md5(b"abc").digest()


# --- User-Password -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 15, 17, 31, 127, 129, 144, 253])
def test_a_hidden_password_of_another_length_is_none(size):
    assert SECRET.reveal_password(bytes(size), AUTHENTICATOR) is None


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32, 33, 127, 128])
def test_passwords_come_back_from_every_length(size):
    password = b"p" * size
    hidden = SECRET.hide_password(password, AUTHENTICATOR)
    assert len(hidden) == max(16, (size + 15) // 16 * 16)
    assert SECRET.reveal_password(hidden, AUTHENTICATOR) == password


def test_a_password_of_129_octets_is_refused():
    with pytest.raises(ValueError, match="128"):
        SECRET.hide_password(bytes(129), AUTHENTICATOR)


def test_the_wrong_secret_reveals_something_else():
    hidden = SECRET.hide_password(b"password", AUTHENTICATOR)
    assert OTHER.reveal_password(hidden, AUTHENTICATOR) != b"password"


# --- salted values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 14, 15, 16, 31, 32, 239])
def test_salted_values_come_back_and_fill_whole_blocks(size):
    value = bytes(range(size))
    hidden = SECRET.encrypt_salted(value, AUTHENTICATOR, SALT)
    assert hidden[:2] == SALT
    assert (len(hidden) - 2) % 16 == 0
    assert len(hidden) <= 253
    assert SECRET.decrypt_salted(hidden, AUTHENTICATOR) == value


def test_another_salt_hides_differently():
    assert (
        SECRET.encrypt_salted(b"key", AUTHENTICATOR, b"\x80\1")[2:]
        != SECRET.encrypt_salted(b"key", AUTHENTICATOR, b"\x80\2")[2:]
    )


@pytest.mark.parametrize("salt", [b"", b"\x80", b"\x80\0\0", b"\x7f\xff", b"\0\0"])
def test_a_salt_without_its_top_bit_or_length_is_refused(salt):
    with pytest.raises(ValueError, match="salt"):
        SECRET.encrypt_salted(b"key", AUTHENTICATOR, salt)


def test_a_value_too_long_for_one_attribute_is_refused():
    with pytest.raises(ValueError, match="239"):
        SECRET.encrypt_salted(bytes(240), AUTHENTICATOR, SALT)


@pytest.mark.parametrize(
    "hidden", [b"", b"\x80", SALT, SALT + bytes(1), SALT + bytes(15), SALT + bytes(17), b"\0\1" + bytes(16)]
)
def test_what_cannot_be_a_salted_value_is_none(hidden):
    assert SECRET.decrypt_salted(hidden, AUTHENTICATOR) is None


@given(st.binary(max_size=253), st.binary(min_size=16, max_size=16))
def test_any_octets_are_a_salted_value_or_none(hidden, authenticator):
    value = SECRET.decrypt_salted(hidden, authenticator)
    assert value is None or len(value) < len(hidden) - 2


def test_a_length_inside_that_is_more_than_came_is_none():
    keystream = md5(b"a secret of this test" + AUTHENTICATOR + SALT).digest()
    plain = bytes((16,)) + bytes(15)  # says 16, has room for 15
    hidden = SALT + bytes(one ^ two for one, two in zip(plain, keystream, strict=True))
    assert SECRET.decrypt_salted(hidden, AUTHENTICATOR) is None


def test_the_secret_does_not_show():
    assert "secret of" not in repr(SECRET) + str(SECRET) + f"{SECRET}"
    assert not hasattr(SECRET, "__dict__")

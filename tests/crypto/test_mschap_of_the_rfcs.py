"""MS-CHAP, MPPE and CHAP against the vectors of RFC 2433, RFC 2759, RFC 3079 and RFC 2865."""

import hashlib
import tomllib
from pathlib import Path

import pytest

from radius.crypto import chap, mppe, mschap
from radius.wire.packet import decode

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = tomllib.loads((VECTORS / "mschap.toml").read_text())


def octets(case: dict[str, str], name: str) -> bytes:
    return bytes.fromhex(case[name])


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case["source"])
def test_the_nt_response_is_the_one_in_the_rfc(case):
    nt_hash = mschap.nt_password_hash(case["password"])
    assert nt_hash == octets(case, "nt_hash")
    assert mschap.challenge_response(octets(case, "challenge"), nt_hash) == octets(case, "nt_response")


def test_the_version_2_functions_give_what_rfc_2759_prints():
    case = CASES["v2"]
    peer, authenticator = octets(case, "peer_challenge"), octets(case, "authenticator_challenge")
    name = case["user_name"].encode()
    assert mschap.challenge_hash(peer, authenticator, name) == octets(case, "challenge")
    nt_hash_hash = mschap.hash_nt_password_hash(octets(case, "nt_hash"))
    assert nt_hash_hash == octets(case, "nt_hash_hash")
    response = octets(case, "nt_response")
    assert mschap.authenticator_response(nt_hash_hash, response, peer, authenticator, name) == case["authenticator_response"]


def test_the_challenges_are_not_interchangeable():
    case = CASES["v2"]
    peer, authenticator = octets(case, "peer_challenge"), octets(case, "authenticator_challenge")
    assert mschap.challenge_hash(authenticator, peer, b"User") != octets(case, "challenge")
    assert mschap.challenge_hash(peer, authenticator, b"user") != octets(case, "challenge")


def test_the_servers_keys_are_those_of_rfc_3079():
    case = CASES["v2"]
    send, receive = mppe.keys_v2(octets(case, "nt_hash_hash"), octets(case, "nt_response"))
    assert send == octets(case, "send_key")
    # the other direction is not printed there: section 3.4 again, written out
    master = bytes.fromhex("fdece3717a8c838cb388e527ae3cdd31")  # section 3.5.3
    magic = b"On the client side, this is the send key; on the server side, it is the receive key."
    assert receive == hashlib.sha1(master + bytes(40) + magic + b"\xf2" * 40).digest()[:16]


def test_version_1_keys_are_an_empty_lm_key_and_the_hash_of_the_hash():
    nt_hash_hash = bytes(range(16))
    assert mppe.keys_v1(nt_hash_hash) == bytes(8) + nt_hash_hash + bytes(8)


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        (b"ana", b"ana"),
        (b"OS-VUK\\ana", b"ana"),
        (b"a\\b\\ana", b"ana"),
        (b"ana@os-vuk.example", b"ana@os-vuk.example"),
        (b"", b""),
    ],
)
def test_the_domain_before_a_backslash_is_not_hashed(name, bare):
    assert mschap.without_domain(name) == bare


@pytest.mark.parametrize("password", ["", "šifra", "шифра", "\U0001f511", "x" * 256])
def test_the_nt_hash_is_over_utf_16_little_end_first(password):
    assert mschap.nt_password_hash(password) == mschap.md4(password.encode("utf-16-le"))


def test_a_lone_surrogate_is_hashed_not_raised():
    assert len(mschap.nt_password_hash("\ud800")) == 16


def test_one_bit_of_the_hash_changes_the_response():
    challenge = bytes(8)
    responses = {mschap.challenge_response(challenge, bytes(at) + b"\x02" + bytes(15 - at)) for at in range(16)}
    assert len(responses) == 16


def test_chap_of_rfc_2865_section_7_2():
    exchange = tomllib.loads((VECTORS / "packets.toml").read_text())["exchange"][1]
    request = decode(bytes.fromhex(exchange["request"]))
    answer = request.first[3]
    assert chap.chap_response(answer[0], exchange["chap_password"].encode(), request.authenticator) == answer[1:]
    assert chap.chap_response(answer[0], b"wrong", request.authenticator) != answer[1:]
    assert chap.chap_response(answer[0] ^ 1, exchange["chap_password"].encode(), request.authenticator) != answer[1:]

"""The packets printed in RFC 2865 section 7 and RFC 5997 section 6, read and written."""

import tomllib
from pathlib import Path

import pytest

from radius.secret import Secret
from radius.wire.attributes import CHAP_PASSWORD, USER_NAME, USER_PASSWORD
from radius.wire.codes import Code, code_name
from radius.wire.packet import Packet, decode
from radius.wire.shared_secret import SharedSecret

EXCHANGES = tomllib.loads((Path(__file__).parents[1] / "vectors" / "packets.toml").read_text())["exchange"]
exchanges = pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange["source"])


def read(exchange: dict[str, str]) -> tuple[SharedSecret, Packet, Packet]:
    secret = SharedSecret(Secret(exchange["secret"]))
    return secret, decode(bytes.fromhex(exchange["request"])), decode(bytes.fromhex(exchange["response"]))


@exchanges
def test_the_response_is_valid_for_its_request_only(exchange):
    secret, request, response = read(exchange)
    assert secret.response_valid(response, request.authenticator)
    assert not secret.response_valid(response, bytes(16))
    assert not SharedSecret(Secret("xyzzy5462")).response_valid(response, request.authenticator)


@exchanges
def test_writing_the_response_gives_the_same_octets(exchange):
    secret, request, response = read(exchange)
    assert secret.plain_reply(response.code, request, response.octets[20:]) == response.octets


def test_the_password_of_rfc_2865_is_revealed_and_hidden_again():
    exchange = EXCHANGES[0]
    secret, request, _ = read(exchange)
    assert request.first[USER_NAME].decode() == exchange["user_name"]
    hidden = request.first[USER_PASSWORD]
    assert secret.reveal_password(hidden, request.authenticator) == exchange["user_password"].encode()
    assert secret.hide_password(exchange["user_password"].encode(), request.authenticator) == hidden


@pytest.mark.parametrize("exchange", EXCHANGES[2:], ids=lambda exchange: exchange["source"])
def test_status_server_of_rfc_5997_is_verified_and_written(exchange):
    secret, request, _ = read(exchange)
    assert request.code == Code.STATUS_SERVER
    assert secret.verify_message_authenticator(request)
    assert secret.request(Code.STATUS_SERVER, request.identifier, request.authenticator, b"") == request.octets


def test_the_packets_of_rfc_2865_have_no_message_authenticator_to_verify():
    for exchange in EXCHANGES[:2]:
        secret, request, _ = read(exchange)
        assert not secret.verify_message_authenticator(request)
    assert len(read(EXCHANGES[1])[1].first[CHAP_PASSWORD]) == 17


def test_codes_have_the_names_of_the_standards():
    assert [code_name(code) for code in (1, 2, 3, 4, 5, 11, 12)] == [
        "Access-Request",
        "Access-Accept",
        "Access-Reject",
        "Accounting-Request",
        "Accounting-Response",
        "Access-Challenge",
        "Status-Server",
    ]
    assert [code_name(code) for code in range(40, 46)] == [
        "Disconnect-Request",
        "Disconnect-ACK",
        "Disconnect-NAK",
        "CoA-Request",
        "CoA-ACK",
        "CoA-NAK",
    ]
    assert code_name(99) == "Code-99"

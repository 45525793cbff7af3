"""`kapija test login`: pyrad asks, and every way in which an answer can be wrong is told."""

import json
from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from radius.cli import main
from radius.crypto.chap import chap_response
from radius.crypto.mschap import (
    authenticator_response,
    challenge_hash,
    challenge_response,
    hash_nt_password_hash,
    nt_password_hash,
)
from radius.wire import attributes as a
from radius.wire.attributes import encode_attribute, encode_vendor
from radius.wire.codes import Code
from radius.wire.packet import Packet
from radius.wire.shared_secret import SharedSecret
from tests.fakes.radius_server import RadiusServer

SECRET = "hK4-gate-of-the-school"
PASSWORD = "тајна 8-2"

VLAN = (
    encode_attribute(a.TUNNEL_TYPE, bytes((0, 0, 0, 13)))
    + encode_attribute(a.TUNNEL_MEDIUM_TYPE, bytes((0, 0, 0, 6)))
    + encode_attribute(a.TUNNEL_PRIVATE_GROUP_ID, b"20")
)
LIMITS = (
    encode_attribute(a.FILTER_ID, b"pupils")
    + encode_attribute(a.SESSION_TIMEOUT, (2700).to_bytes(4, "big"))
    + encode_attribute(a.TERMINATION_ACTION, (1).to_bytes(4, "big"))
    + encode_vendor(14122, 8, (10_000_000).to_bytes(4, "big"))
    + encode_attribute(a.REPLY_MESSAGE, "Добар дан\x1b[2J".encode())
)


def accept_everything(packet: Packet, shared: SharedSecret) -> bytes:
    return shared.reply(Code.ACCESS_ACCEPT, packet, VLAN + LIMITS)


def check_password(packet: Packet, shared: SharedSecret) -> bytes:
    """Accept the right password by any method, with MS-CHAP2-Success for MS-CHAPv2; reject the others."""
    password = PASSWORD.encode()
    if a.USER_PASSWORD in packet.first:
        right = shared.reveal_password(packet.first[a.USER_PASSWORD], packet.authenticator) == password
    elif a.CHAP_PASSWORD in packet.first:
        value = packet.first[a.CHAP_PASSWORD]
        right = compare_digest(value[1:], chap_response(value[0], password, packet.first[a.CHAP_CHALLENGE]))
    else:
        return check_mschap(packet, shared)
    return shared.reply(Code.ACCESS_ACCEPT if right else Code.ACCESS_REJECT, packet, VLAN if right else b"")


def check_mschap(packet: Packet, shared: SharedSecret, spoil: bool = False, keys: bool = True) -> bytes:
    challenge = packet.vendor(a.MICROSOFT, a.MS_CHAP_CHALLENGE)
    response = packet.vendor(a.MICROSOFT, a.MS_CHAP2_RESPONSE)
    assert challenge is not None
    assert response is not None
    peer, answer, name = response[2:18], response[26:50], packet.first[a.USER_NAME]
    nt_hash = nt_password_hash(PASSWORD)
    if challenge_response(challenge_hash(peer, challenge, name), nt_hash) != answer:
        error = response[:1] + b"E=691 R=0 C=" + b"0" * 32 + b" V=3 M=Wrong"
        return shared.reply(Code.ACCESS_REJECT, packet, encode_vendor(a.MICROSOFT, a.MS_CHAP_ERROR, error))
    proof = authenticator_response(hash_nt_password_hash(nt_hash), answer, peer, challenge, name)
    if spoil:
        proof = proof[:-1] + ("0" if proof[-1] != "0" else "1")
    attributes = encode_vendor(a.MICROSOFT, a.MS_CHAP2_SUCCESS, response[:1] + proof.encode())
    if keys:
        attributes += encode_vendor(a.MICROSOFT, a.MS_MPPE_RECV_KEY, bytes(34))
    return shared.reply(Code.ACCESS_ACCEPT, packet, VLAN + attributes)


@pytest.fixture
def login(tmp_path: Path) -> Callable[..., Result]:
    """`login(server, "--method", "pap")` asks `server` as ana with the right password."""
    (tmp_path / "kapija.toml").touch()
    (tmp_path / "secret").write_text(SECRET + "\n")

    def run(port: int, *arguments: str, user: str = "ana", password: str = PASSWORD) -> Result:
        server = ("--server", f"127.0.0.1:{port}", "--secret-file", str(tmp_path / "secret"), "--tries", "1", "--timeout", "2")
        whole = ["--home", str(tmp_path), "test", "login", user, *server, "--password-stdin", *arguments]
        return CliRunner().invoke(main, whole, input=f"{password}\n")

    return run


@pytest.mark.parametrize("method", ["pap", "chap", "mschapv2"])
def test_the_right_password_gets_in_by_every_method(login: Callable[..., Result], method: str) -> None:
    with RadiusServer(SECRET, check_password) as server:
        result = login(server.port, "--method", method)
    assert result.exit_code == 0, result.output
    assert "Access-Accept for ana" in result.stdout
    assert "VLAN 20" in result.stdout
    assert "PROBLEM" not in result.stdout


@pytest.mark.parametrize("method", ["pap", "chap", "mschapv2"])
def test_a_wrong_password_is_status_1_and_says_where_to_look(login: Callable[..., Result], method: str) -> None:
    with RadiusServer(SECRET, check_password) as server:
        result = login(server.port, "--method", method, password="wrong-one")
    assert result.exit_code == 1
    assert "Access-Reject for ana" in result.stdout
    assert "keep the device out" in result.stdout
    assert "kapija audit search --user 'ana'" in result.stdout
    assert ("MS-CHAP error 691, wrong name or password" in result.stdout) == (method == "mschapv2")
    assert "wrong-one" not in result.output


def test_what_the_access_point_would_do_is_told_in_words(login: Callable[..., Result]) -> None:
    with RadiusServer(SECRET, accept_everything) as server:
        out = login(server.port, "--method", "pap").stdout
    assert "filter pupils" in out
    assert "After 45 min the device must authenticate again." in out
    assert "Bandwidth: 10 Mbit/s down, unlimited up." in out
    assert "The person may be shown: Добар дан\\x1b[2J" in out
    assert "\x1b" not in out


def test_json_has_the_effect_and_every_attribute(login: Callable[..., Result]) -> None:
    with RadiusServer(SECRET, accept_everything) as server:
        said = json.loads(login(server.port, "--method", "pap", "--json").stdout)
    assert (said["result"], said["vlan"], said["session_timeout"], said["then"]) == (
        "Access-Accept",
        "20",
        2700,
        "authenticate again",
    )
    assert said["bandwidth_down"] == 10_000_000
    assert "Tunnel-Private-Group-ID = 20" in said["attributes"]
    assert said["problems"] == []


def test_the_request_says_where_the_device_is(login: Callable[..., Result]) -> None:
    place = ("--ssid", "Ученици", "--mac", "0200.0000.0501", "--access-point", "02:00:00:00:00:fd", "--nas-ip", "192.0.2.9")
    with RadiusServer(SECRET, accept_everything) as server:
        login(server.port, "--method", "pap", "--nas-identifier", "hall", *place)
    (request,) = server.requests
    assert request.first[a.CALLING_STATION_ID] == b"02-00-00-00-05-01"
    assert request.first[a.CALLED_STATION_ID].decode() == "02-00-00-00-00-FD:Ученици"
    assert request.first[a.NAS_IDENTIFIER] == b"hall"
    assert request.first[a.NAS_IP_ADDRESS] == bytes((192, 0, 2, 9))
    assert PASSWORD.encode() not in request.octets


def test_a_device_is_asked_for_by_its_address_without_a_password(login: Callable[..., Result]) -> None:
    with RadiusServer(SECRET, accept_everything) as server:
        assert login(server.port, "--method", "mab", user="02:00:00:00:07:01").exit_code == 0
    (request,) = server.requests
    assert request.first[a.SERVICE_TYPE] == (10).to_bytes(4, "big")
    assert request.first[a.CALLING_STATION_ID] == b"02-00-00-00-07-01"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda packet, shared: check_mschap(packet, shared, spoil=True), "the server's proof is wrong"),
        (lambda packet, shared: check_mschap(packet, shared, keys=False), "no MPPE keys"),
        (accept_everything, "did not prove that it knows the password"),
        (lambda packet, shared: shared.plain_reply(Code.ACCESS_ACCEPT, packet, VLAN), "no Message-Authenticator"),
    ],
)
def test_an_accept_that_proves_too_little_is_no_success(
    login: Callable[..., Result], answer: Callable[[Packet, SharedSecret], bytes], problem: str
) -> None:
    with RadiusServer(SECRET, answer) as server:
        result = login(server.port, "--method", "mschapv2")
    assert result.exit_code == 1
    assert f"{problem}" in result.stdout
    assert "PROBLEM" in result.stdout


def forged(packet: Packet, shared: SharedSecret) -> bytes:
    reply = bytearray(accept_everything(packet, shared))
    reply[7] ^= 1  # in the Response Authenticator
    return bytes(reply)


@pytest.mark.parametrize(
    ("secret", "answer"), [("another-secret-0815", accept_everything), (SECRET, forged), (SECRET, lambda *_: None)]
)
def test_no_valid_answer_names_the_likely_causes(
    login: Callable[..., Result], secret: str, answer: Callable[[Packet, SharedSecret], bytes | None]
) -> None:
    with RadiusServer(secret, answer) as server:
        result = login(server.port, "--method", "pap", "--timeout", "0.2")
    assert result.exit_code == 1
    assert "gave no valid answer to 1 tries: it has no client for 127.0.0.1" in result.stderr
    assert "the shared secrets differ" in result.stderr


def test_a_closed_port_is_told_from_silence(login: Callable[..., Result]) -> None:
    with RadiusServer(SECRET, accept_everything) as server:
        pass
    result = login(server.port, "--method", "pap", "--timeout", "0.1")
    assert result.exit_code == 1
    assert f"nothing listens on 127.0.0.1:{server.port}: start it with 'kapija serve'" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--mac", "02-00-00"),
        ("--access-point", "gate"),
        ("--nas-ip", "hall"),
        ("--server", "127.0.0.1:gate"),
        ("--secret-stdin",),
        ("--method", "mab"),
    ],
)
def test_wrong_usage_is_status_2(login: Callable[..., Result], arguments: tuple[str, ...]) -> None:
    assert login(9, *arguments).exit_code == 2


def test_the_secret_of_the_homes_own_client_is_used(kapija: Callable[..., Result], tmp_path: Path) -> None:
    for network, name in (("127.0.0.0/8", "wide"), ("127.0.0.1", "narrow")):
        (tmp_path / "own").write_text(SECRET if name == "narrow" else "the-one-of-the-network-8")
        added = kapija(
            "client", "add", network, "--school", "os-vuk", "--family", "generic", "--secret-file", str(tmp_path / "own")
        )
        assert added.exit_code == 0, added.output
    with RadiusServer(SECRET, check_password) as server:
        result = kapija(
            "test",
            "login",
            "ana",
            "--server",
            f"127.0.0.1:{server.port}",
            "--password-stdin",
            "--tries",
            "1",
            stdin=f"{PASSWORD}\n",
        )
    assert result.exit_code == 0, result.output


def test_without_a_client_for_this_address_the_cure_is_told(kapija: Callable[..., Result]) -> None:
    result = kapija("test", "login", "ana", "--password-stdin", stdin="x\n")
    assert result.exit_code == 1
    assert "kapija client add 127.0.0.1" in result.stderr

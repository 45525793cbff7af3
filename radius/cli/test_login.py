"""`kapija test login`: a real Access-Request through pyrad, so that the answer is checked by somebody else's code.

pyrad builds and signs the request, sends it and verifies the reply; only the attributes' values are ours.
"""

import os
import socket
import time
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path

import click
from msgspec import Struct
from pyrad.client import Client, Timeout
from pyrad.packet import AuthPacket
from sqlalchemy import select

from policies.mac import canonical_mac
from radius.admin.clients import secret_context
from radius.admin.context import Admin
from radius.cli.frame import Cell, administrator, json_option, pass_home, read_secret, say, secret_options, show_one
from radius.cli.reply_words import Effect, read_effect, sentences
from radius.crypto.chap import chap_response
from radius.crypto.mschap import (
    authenticator_response,
    challenge_hash,
    challenge_response,
    hash_nt_password_hash,
    nt_password_hash,
    without_domain,
)
from radius.errors import MalformedPacket, OperatorError
from radius.secret import Secret
from radius.settings import Home
from radius.store.tables import clients
from radius.wire import attributes as attribute
from radius.wire.codes import Code
from radius.wire.dictionary import load as load_dictionary
from radius.wire.packet import Packet, decode

METHODS = ("pap", "chap", "mschapv2", "mab")
WIRELESS = 19  # NAS-Port-Type, RFC 2865 section 5.41


class Exchange(Struct, frozen=True):
    """A request that was answered. `proof` is the S= that MS-CHAP2-Success must carry, "" for the other methods."""

    reply: Packet
    proof: str
    milliseconds: float


class Target(Struct, frozen=True):
    """The server to ask: at most `tries` times, waiting `wait` seconds each time."""

    host: str
    port: int
    tries: int
    wait: float

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@click.group()
def test() -> None:
    """Ask the running server as an access point would."""


@test.command()
@click.argument("user")
@click.option("--method", type=click.Choice(METHODS), default="mschapv2", show_default=True, help="mab: USER is a MAC address.")
@click.option("--server", metavar="HOST[:PORT]", help="The server to ask.  [default: this home's, on 127.0.0.1]")
@click.option("--ssid", default="", help="The wireless network, in Called-Station-Id.")
@click.option("--mac", default="02-00-00-00-00-01", show_default=True, help="The device's MAC address, as Calling-Station-Id.")
@click.option("--access-point", default="02-00-00-00-00-FE", show_default=True, help="The access point's MAC address.")
@click.option("--nas-identifier", default="kapija-test", show_default=True, help="NAS-Identifier of the request.")
@click.option("--nas-ip", default="", help="NAS-IP-Address (or NAS-IPv6-Address) of the request.")
@click.option("--tries", type=click.IntRange(1, 10), default=3, show_default=True, help="How often to send the request.")
@click.option("--timeout", type=click.FloatRange(0.1, 60), default=3.0, show_default=True, help="Seconds to wait each time.")
@secret_options("password")
@secret_options("secret")
@json_option
@pass_home
def login(
    home: Home,
    user: str,
    method: str,
    server: str | None,
    ssid: str,
    mac: str,
    access_point: str,
    nas_identifier: str,
    nas_ip: str,
    tries: int,
    timeout: float,
    password_stdin: bool,
    password_file: Path | None,
    secret_stdin: bool,
    secret_file: Path | None,
    as_json: bool,
) -> None:
    """Send a real Access-Request for USER and say what the access point would do with the answer.

    The shared secret is that of this home's client for the address that the request comes from, unless one is given.
    Exit status 0 when the device would get in, 1 when it would not.
    """
    if password_stdin and secret_stdin:
        raise click.UsageError("standard input carries one secret: give the password or the shared secret in a file")
    target = _target(server, home, tries, timeout)
    if secret_stdin or secret_file:
        secret = read_secret("Shared secret", secret_stdin, secret_file)
    else:
        secret = _stored_secret(home, target)
    password = Secret(user) if method == "mab" else read_secret(f"Password of {user}", password_stdin, password_file)
    place = _place(ssid, mac, access_point, nas_identifier, nas_ip)
    exchange = _ask(target, secret, user, password, method, place)
    problems = _problems(exchange, method)
    effect = read_effect(exchange.reply)
    if as_json:
        show_one(_fields(exchange, effect, problems), as_json=True)
    else:
        _tell(exchange, effect, problems, user)
    if exchange.reply.code != Code.ACCESS_ACCEPT or problems:
        click.get_current_context().exit(1)


def _target(server: str | None, home: Home, tries: int, wait: float) -> Target:
    settings = home.settings.radius
    if server is None:
        named = [address for address in settings.listen if not ip_address(address).is_unspecified]
        local = "127.0.0.1" if not named or "127.0.0.1" in named else named[0]
        return Target(local, settings.auth_port, tries, wait)
    host, _, port = server.rpartition(":") if server.startswith("[") or server.count(":") == 1 else (server, "", "")
    if port and not port.isdecimal():
        raise click.UsageError(f"--server {server}: the port must be a number")
    return Target(host.strip("[]"), int(port) if port else settings.auth_port, tries, wait)


def _place(ssid: str, mac: str, access_point: str, nas_identifier: str, nas_ip: str) -> list[tuple[int, bytes]]:
    """The attributes that say where the device is."""
    stations = []
    for option, address in (("--mac", mac), ("--access-point", access_point)):
        canonical = canonical_mac(address)
        if canonical is None:
            raise click.UsageError(f"{option} {address}: that is no MAC address; write it as 02-00-00-00-00-01")
        stations.append(canonical)
    called = f"{stations[1]}:{ssid}" if ssid else stations[1]  # RFC 3580 section 3.20
    found = [
        (attribute.CALLING_STATION_ID, stations[0].encode()),
        (attribute.CALLED_STATION_ID, called.encode()),
        (attribute.NAS_IDENTIFIER, nas_identifier.encode()),
        (attribute.NAS_PORT_TYPE, WIRELESS.to_bytes(4, "big")),
    ]
    if nas_ip:
        try:
            address_of_nas = ip_address(nas_ip)
        except ValueError:
            raise click.UsageError(f"--nas-ip {nas_ip}: that is no IP address") from None
        kind = attribute.NAS_IP_ADDRESS if address_of_nas.version == 4 else attribute.NAS_IPV6_ADDRESS
        found.append((kind, address_of_nas.packed))
    return found


def _stored_secret(home: Home, target: Target) -> Secret:
    """The secret of this home's client that the server will see: longest prefix of the address we send from."""
    source = ip_address(_source_of(target))
    with administrator(home) as admin:
        best = max(
            (network for network in _networks(admin) if source in ip_network(network)),
            key=lambda network: ip_network(network).prefixlen,
            default=None,
        )
        if best is None:
            raise OperatorError(
                f"no client of {home.path} covers {source}, the address that this request comes from: "
                f"add one with 'kapija client add {source}', or give its secret with --secret-file"
            )
        with admin.reading() as connection:
            sealed = connection.execute(select(clients.c.secret).where(clients.c.network == best)).scalar_one()
        return Secret(admin.keyring.open(sealed, secret_context(best)))


def _networks(admin: Admin) -> list[str]:
    with admin.reading() as connection:
        return list(connection.execute(select(clients.c.network).where(clients.c.removed.is_(False))).scalars())


def _source_of(target: Target) -> str:
    """The address from which this machine would send to `target`; nothing is sent."""
    with _connected(target) as probe:
        return str(probe.getsockname()[0])


def _connected(target: Target) -> socket.socket:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)[0]
        probe = socket.socket(found[0], socket.SOCK_DGRAM)
        try:
            probe.connect(found[4])
        except OSError:
            probe.close()
            raise
    except OSError as error:
        raise OperatorError(f"{target} cannot be reached: {error.strerror}") from None
    return probe


# --- the request


def _ask(target: Target, secret: Secret, user: str, password: Secret, method: str, place: list[tuple[int, bytes]]) -> Exchange:
    client = Client(target.host, authport=target.port, secret=secret.reveal(), retries=target.tries, timeout=target.wait)
    request: AuthPacket = client.CreateAuthPacket(code=int(Code.ACCESS_REQUEST))
    request.authenticator = os.urandom(16)
    name = user.encode()
    if method == "mab":
        canonical = canonical_mac(user)
        if canonical is None:
            raise click.UsageError(f"{user}: with --method mab the user is a MAC address, such as 02-00-00-00-00-01")
        place = [(kind, canonical.encode() if kind == attribute.CALLING_STATION_ID else value) for kind, value in place]
        request[attribute.SERVICE_TYPE] = [attribute.CALL_CHECK.to_bytes(4, "big")]
    request[attribute.USER_NAME] = [name]
    for kind, value in place:
        request[kind] = [value]
    proof = _prove(request, name, password, method)
    begun = time.monotonic()
    try:
        answer = client.SendPacket(request)
    except Timeout:
        raise OperatorError(_silence(target)) from None
    except OSError as error:
        raise OperatorError(f"{target} cannot be reached: {error.strerror}") from None
    finally:
        client._CloseSocket()  # pyrad has no public way
    elapsed = (time.monotonic() - begun) * 1000
    try:
        return Exchange(decode(bytes(answer.raw_packet)), proof, elapsed)
    except MalformedPacket as error:
        raise OperatorError(f"{target} answered with a packet that RFC 2865 does not allow: {error}") from None


def _prove(request: AuthPacket, name: bytes, password: Secret, method: str) -> str:
    """Put the proof of the password into the request; the S= to expect back, for MS-CHAPv2."""
    if method in ("pap", "mab"):
        request[attribute.USER_PASSWORD] = [request.PwCrypt(password.reveal())]
        return ""
    challenge = os.urandom(16)
    if method == "chap":
        identifier = os.urandom(1)
        request[attribute.CHAP_CHALLENGE] = [challenge]
        request[attribute.CHAP_PASSWORD] = [identifier + chap_response(identifier[0], password.reveal(), challenge)]
        return ""
    try:
        nt_hash = nt_password_hash(password.reveal().decode())
    except UnicodeDecodeError:
        raise OperatorError("the password is not UTF-8 text, and MS-CHAPv2 needs text: save the file as UTF-8") from None
    peer_challenge = os.urandom(16)
    hashed_name = without_domain(name)
    response = challenge_response(challenge_hash(peer_challenge, challenge, hashed_name), nt_hash)
    request[attribute.MICROSOFT, attribute.MS_CHAP_CHALLENGE] = [challenge]
    # RFC 2548 section 2.3.2: Ident, Flags, Peer-Challenge, 8 reserved, Response
    request[attribute.MICROSOFT, attribute.MS_CHAP2_RESPONSE] = [b"\x01\x00" + peer_challenge + bytes(8) + response]
    return authenticator_response(hash_nt_password_hash(nt_hash), response, peer_challenge, challenge, hashed_name)


def _silence(target: Target) -> str:
    """Why nothing came back: a closed port is told by ICMP, silence has the causes of RFC 2865 section 3."""
    with _connected(target) as probe:
        probe.settimeout(0.5)
        try:
            probe.send(bytes(20))  # no RADIUS packet: a server discards it
            probe.recv(1)
        except ConnectionRefusedError:
            return f"nothing listens on {target}: start it with 'kapija serve', or name another with --server"
        except OSError:
            pass
        source = probe.getsockname()[0]
    return (
        f"{target} gave no valid answer to {target.tries} tries: it has no client for {source} (see 'kapija client unknown'), "
        "or the shared secrets differ, or its directory is away"
    )


# --- the answer


def _problems(exchange: Exchange, method: str) -> list[str]:
    """What is wrong with a reply whose Response Authenticator pyrad found right."""
    reply, found = exchange.reply, []
    if not reply.message_authenticator_at:
        found.append("the reply has no Message-Authenticator, so it could have been forged (CVE-2024-3596)")
    if method == "mschapv2" and reply.code == Code.ACCESS_ACCEPT:
        success = reply.vendor(attribute.MICROSOFT, attribute.MS_CHAP2_SUCCESS)
        if success is None:
            found.append("the server did not prove that it knows the password (no MS-CHAP2-Success)")
        elif success[1:43] != exchange.proof.encode():
            found.append("the server's proof is wrong (S= of MS-CHAP2-Success): it does not know this password")
        if reply.vendor(attribute.MICROSOFT, attribute.MS_MPPE_RECV_KEY) is None:
            found.append("the reply carries no MPPE keys (MS-MPPE-Recv-Key)")
    return found


def _described(reply: Packet) -> list[tuple[str, str]]:
    return load_dictionary().describe(reply.octets[20:])


def _fields(exchange: Exchange, effect: Effect, problems: list[str]) -> Mapping[str, Cell]:
    return {
        "result": effect.result,
        "vlan": effect.vlan or None,
        "voice_vlan": effect.voice_vlan or None,
        "filters": effect.filters,
        "session_timeout": effect.session_timeout or None,
        "then": effect.then or None,
        "idle_timeout": effect.idle_timeout or None,
        "bandwidth_up": effect.bandwidth_up or None,
        "bandwidth_down": effect.bandwidth_down or None,
        "message": effect.message or None,
        "error": effect.error or None,
        "problems": problems,
        "milliseconds": round(exchange.milliseconds, 2),
        "attributes": [f"{name} = {value}" for name, value in _described(exchange.reply)],
    }


def _tell(exchange: Exchange, effect: Effect, problems: list[str], user: str) -> None:
    say(f"{effect.result} for {user} in {exchange.milliseconds:.1f} ms")
    for sentence in sentences(effect):
        say(f"  {sentence}")
    for problem in problems:
        say(f"  PROBLEM: {problem}.")
    say("Attributes of the reply:")
    for name, value in _described(exchange.reply):
        say(f"  {name} = {value}")
    if exchange.reply.code != Code.ACCESS_ACCEPT:
        say(f"Why it was so: kapija audit search --user '{user}'")

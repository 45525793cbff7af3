"""Accounting records for tests: events of one access point and phone, and the packets that say the same."""

from msgspec.structs import replace

from radius.audit.events import Accounted, Login
from radius.secret import Secret
from radius.wire.attributes import encode_attribute
from radius.wire.codes import Code
from radius.wire.shared_secret import SharedSecret

NOW = 1_795_420_800.0  # a Monday morning in November 2026
PHONE = "02-00-00-00-00-01"
LOGIN = Login("a1" * 12, NOW - 1, "person:17", "student", "os-primer:pupils", "0f" * 8, 20, 0.0, 600, True)

_BASE = Accounted(
    time=NOW,
    event_time=NOW,
    stamped=True,
    status="start",
    school="os-primer",
    nas="192.0.2.10",
    client="192.0.2.10",
    family="generic",
    session_id="S1",
    user="ucenik.primer",
    mac=PHONE,
    ssid="Ucenici",
    access_point="02-00-00-00-0A-01",
    nas_address="192.0.2.10",
    nas_identifier="ap-1",
    addresses=("10.20.3.4",),
    input_octets=0,
    output_octets=0,
    input_packets=0,
    output_packets=0,
    session_time=-1,
    terminate_cause=0,
    login=LOGIN,
)


def start(at: float = 0.0, **changes: object) -> Accounted:
    """A Start `at` seconds after NOW."""
    return replace(_BASE, **({"time": NOW + at, "event_time": NOW + at} | changes))


def interim(at: float, lasted: int | None = None, **changes: object) -> Accounted:
    """An Interim-Update `at` seconds after NOW of a session that began at NOW, unless `lasted` says otherwise."""
    return start(at, **({"status": "interim", "session_time": int(at) if lasted is None else lasted} | changes))


def stop(at: float, lasted: int | None = None, **changes: object) -> Accounted:
    """A Stop, likewise."""
    return interim(at, lasted, **({"status": "stop", "terminate_cause": 1} | changes))


def request(secret: bytes, *attributes: tuple[int, bytes], identifier: int = 7) -> bytes:
    """An Accounting-Request with these attributes, its authenticator made with `secret`."""
    body = b"".join(encode_attribute(kind, value) for kind, value in attributes)
    return SharedSecret(Secret(secret)).digest_request(Code.ACCOUNTING_REQUEST, identifier, body)


def number(value: int) -> bytes:
    """A 32-bit number as attributes have it."""
    return value.to_bytes(4, "big")

"""What an access point would do with a reply: the attributes of RFC 2865, 2868 and 3580 read back into words."""

from msgspec import Struct

from radius.wire import attributes as attribute
from radius.wire.codes import Code, code_name
from radius.wire.packet import Packet

WISPR = 14122  # the Wi-Fi Alliance's WISPr: bandwidth in bits a second
WISPR_BANDWIDTH_MAX_UP = 7
WISPR_BANDWIDTH_MAX_DOWN = 8
TUNNEL_TYPE_VLAN = 13  # RFC 3580 section 3.31
EGRESS_TAGGED = 0x31  # RFC 4675 section 2.1: the VLAN is tagged on the port, as a phone's is

# MS-CHAP-Error, RFC 2759 section 6
ERRORS = {
    646: "outside the permitted hours",
    647: "the account is disabled",
    648: "the password has expired",
    649: "no permission to dial in",
    691: "wrong name or password",
    709: "the password could not be changed",
}


class Effect(Struct, frozen=True):
    """What the reply means at the access point. 0 and "" where the reply does not say it; times are seconds, rates bit/s."""

    result: str
    vlan: str
    voice_vlan: int
    filters: tuple[str, ...]
    session_timeout: int
    then: str
    idle_timeout: int
    bandwidth_up: int
    bandwidth_down: int
    message: str
    error: str


def read_effect(reply: Packet) -> Effect:
    """The effect of a decoded reply; an unreadable value counts as absent, as it does for an access point."""
    timeout = _integer(reply.first.get(attribute.SESSION_TIMEOUT))
    again = _integer(reply.first.get(attribute.TERMINATION_ACTION)) == attribute.RADIUS_REQUEST
    egress = _integer(reply.first.get(attribute.EGRESS_VLANID))
    return Effect(
        result=code_name(reply.code),
        vlan=_vlan(reply),
        voice_vlan=egress & 0xFFF if egress >> 24 == EGRESS_TAGGED else 0,
        filters=tuple(_text(value) for value in reply.all(attribute.FILTER_ID)),
        session_timeout=timeout,
        then=("authenticate again" if again else "disconnect") if timeout else "",
        idle_timeout=_integer(reply.first.get(attribute.IDLE_TIMEOUT)),
        bandwidth_up=_integer(reply.vendor(WISPR, WISPR_BANDWIDTH_MAX_UP)),
        bandwidth_down=_integer(reply.vendor(WISPR, WISPR_BANDWIDTH_MAX_DOWN)),
        message=" ".join(_text(value) for value in reply.all(attribute.REPLY_MESSAGE)),
        error=_mschap_error(reply),
    )


def sentences(effect: Effect) -> list[str]:
    """The effect told to a person, a sentence a line."""
    if effect.result != code_name(Code.ACCESS_ACCEPT):
        told = ["The access point would keep the device out."]
        told += [f"It says: {effect.error}."] if effect.error else []
        return told + ([f"The person may be shown: {effect.message}"] if effect.message else [])
    told = [
        f"The access point would put the device into VLAN {effect.vlan}."
        if effect.vlan
        else "The device stays in the default VLAN."
    ]
    if effect.voice_vlan:
        told.append(f"A phone on the same port gets VLAN {effect.voice_vlan}, tagged.")
    if effect.filters:
        told.append(f"It would apply the filter {', '.join(effect.filters)}.")
    if effect.bandwidth_up or effect.bandwidth_down:
        told.append(f"Bandwidth: {rate(effect.bandwidth_down)} down, {rate(effect.bandwidth_up)} up.")
    if effect.session_timeout:
        told.append(f"After {duration(effect.session_timeout)} the device must {effect.then}.")
    if effect.idle_timeout:
        told.append(f"After {duration(effect.idle_timeout)} without traffic it is disconnected.")
    if effect.message:
        told.append(f"The person may be shown: {effect.message}")
    return told


def duration(seconds: int) -> str:
    """`2 h 5 min`, `45 min`, `30 s`."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest)
    return " ".join(parts) or "0 s"


def rate(bits: int) -> str:
    """A bandwidth in the unit people use; 0 is no limit."""
    if not bits:
        return "unlimited"
    return f"{bits / 1e6:g} Mbit/s" if bits >= 1_000_000 else f"{bits / 1e3:g} kbit/s"


def _vlan(reply: Packet) -> str:
    """The VLAN of the tunnel attributes, if they say VLAN over IEEE 802 (RFC 3580 section 3.31)."""
    kind = reply.first.get(attribute.TUNNEL_TYPE, b"")
    group = reply.first.get(attribute.TUNNEL_PRIVATE_GROUP_ID, b"")
    if len(kind) != 4 or int.from_bytes(kind[1:], "big") != TUNNEL_TYPE_VLAN:
        return ""
    return _text(group[1:] if group[:1] <= b"\x1f" else group)  # RFC 2868 section 3.6: up to 0x1F is a tag


def _mschap_error(reply: Packet) -> str:
    value = reply.vendor(attribute.MICROSOFT, attribute.MS_CHAP_ERROR)
    if value is None:
        return ""
    for part in _text(value[1:]).split():
        if part.startswith("E=") and part[2:].isdigit():
            return f"MS-CHAP error {part[2:]}, {ERRORS.get(int(part[2:]), 'unknown')}"
    return "an MS-CHAP error that cannot be read"


def _integer(value: bytes | None) -> int:
    return int.from_bytes(value, "big") if value is not None and len(value) == 4 else 0


def _text(value: bytes) -> str:
    return value.decode(errors="replace")

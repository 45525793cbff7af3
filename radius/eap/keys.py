"""Keys that a finished TLS handshake gives to EAP: RFC 5216 section 2.3, RFC 5281 section 8, RFC 9190 section 2.3, RFC 9427
section 2.1, and PEAP's compound keys (MS-PEAP sections 3.1.5.5.2.1 and 3.1.5.5.2.2)."""

import hmac
from typing import Final, Protocol

from policies.value import Value
from radius.eap.method import EapType
from radius.secret import Secret

_TLS12_LABEL: Final = {
    EapType.TLS: b"client EAP encryption",
    EapType.PEAP: b"client EAP encryption",
    EapType.TTLS: b"ttls keying material",
}
_TLS13_KEYS: Final = b"EXPORTER_EAP_TLS_Key_Material"
_TLS13_METHOD_ID: Final = b"EXPORTER_EAP_TLS_Method-Id"
_KEY_MATERIAL: Final = 128  # octets: MSK and EMSK
_MSK: Final = 64
_METHOD_ID: Final = 64
_SHA1: Final = 20  # octets of a digest
_PEAP: Final = bytes((EapType.PEAP,))
_hmac: Final = hmac.digest


class Exporter(Protocol):
    """What of a TLS connection keys come from (RFC 5705, RFC 8446 section 7.5)."""

    def export_keying_material(self, label: bytes, olen: int, context: bytes | None = None) -> bytes: ...
    def client_random(self) -> bytes | None: ...
    def server_random(self) -> bytes | None: ...


class TlsKeys(Value):
    """`material` is 128 octets, MSK and EMSK; `session_id` the EAP Session-Id (RFC 5247 section 1.4)."""

    __slots__ = ("material", "session_id")

    def __init__(self, material: Secret, session_id: bytes) -> None:
        self.material: Final = material
        self.session_id: Final = session_id

    @property
    def msk(self) -> Secret:
        """The Master Session Key, 64 octets (RFC 3748 section 7.10)."""
        return Secret(self.material.reveal()[:_MSK])


def tls_keys(connection: Exporter, eap_type: EapType, tls: str) -> TlsKeys:
    """The keys of a finished handshake in TLS "1.2" or "1.3" (`tls`) for EAP-TLS, PEAP or EAP-TTLS."""
    code = bytes((eap_type,))
    if tls == "1.3":
        material = connection.export_keying_material(_TLS13_KEYS, _KEY_MATERIAL, code)
        return TlsKeys(Secret(material), code + connection.export_keying_material(_TLS13_METHOD_ID, _METHOD_ID, code))
    material = connection.export_keying_material(_TLS12_LABEL[eap_type], _KEY_MATERIAL)
    randoms = (connection.client_random() or b"") + (connection.server_random() or b"")
    return TlsKeys(Secret(material), code + randoms)


def implicit_challenge(connection: Exporter, size: int) -> bytes:
    """The challenge of CHAP, MS-CHAP and MS-CHAPv2 inside EAP-TTLS (RFC 5281 section 11.1), the same in TLS 1.3."""
    return connection.export_keying_material(b"ttls challenge", size)


class CompoundKeys(Value):
    """PEAP's keys that bind the inner method to the tunnel: `ipmk` of 40 octets, `cmk` of 20."""

    __slots__ = ("cmk", "ipmk")

    def __init__(self, ipmk: Secret, cmk: Secret) -> None:
        self.ipmk: Final = ipmk
        self.cmk: Final = cmk

    @property
    def msk(self) -> Secret:
        """The MSK when both sides have shown the CMK: the first half of the CSK (MS-PEAP section 3.1.5.5.2.2)."""
        # The label is terminated by a zero octet, as Windows does it. PRF+ begins the same however long it gets.
        return Secret(prf_plus(self.ipmk.reveal(), b"Session Key Generating Function\0", _MSK))

    def mac(self, tlv: bytes) -> bytes:
        """The Compound MAC over a Crypto-Binding TLV whose own MAC field is zero (MS-PEAP section 3.1.5.5.2.3)."""
        return _hmac(self.cmk.reveal(), tlv + _PEAP, "sha1")


def compound_keys(keys: TlsKeys, inner_key: Secret | None, resumed: bool) -> CompoundKeys:
    """IPMK and CMK from the tunnel's key TK, the first 60 octets of the key material, and the inner method's MSK (none: 32
    zero octets). A resumed session has no inner method: IPMK | CMK = TK."""
    tunnel_key = keys.material.reveal()[:60]
    if resumed:
        octets = tunnel_key
    else:
        inner_session_key = (inner_key.reveal() if inner_key else b"")[:32].ljust(32, b"\0")
        octets = prf_plus(tunnel_key[:40], b"Inner Methods Compound Keys" + inner_session_key, 60)
    return CompoundKeys(Secret(octets[:40]), Secret(octets[40:60]))


def prf_plus(key: bytes, seed: bytes, size: int) -> bytes:
    """PRF+ of PEAP version 0: T1 = HMAC-SHA1(K, S | 1 | 0 | 0), T2 = HMAC-SHA1(K, T1 | S | 2 | 0 | 0), and so on."""
    result = block = b""
    for counter in range(1, -(-size // _SHA1) + 1):
        block = _hmac(key, block + seed + counter.to_bytes(1, "big") + b"\0\0", "sha1")
        result += block
    return result[:size]

"""Keys: what is exported under which label, and PEAP's compound keys. eapol_test and radload check the same from outside."""

import hmac

import pytest

from radius.eap.keys import TlsKeys, compound_keys, implicit_challenge, prf_plus, tls_keys
from radius.eap.method import EapType
from radius.secret import Secret


class Exporting:
    """A connection that tells what it was asked to export."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, int, bytes | None]] = []

    def export_keying_material(self, label: bytes, olen: int, context: bytes | None = None) -> bytes:
        self.asked.append((label, olen, context))
        return bytes(range(256))[:olen]

    def client_random(self) -> bytes:
        return b"c" * 32

    def server_random(self) -> bytes:
        return b"s" * 32


@pytest.mark.parametrize(
    ("eap_type", "label"),
    [
        (EapType.TLS, b"client EAP encryption"),
        (EapType.PEAP, b"client EAP encryption"),
        (EapType.TTLS, b"ttls keying material"),
    ],
)
def test_tls_1_2_exports_by_the_methods_label(eap_type: EapType, label: bytes) -> None:
    """RFC 5216 section 2.3, RFC 5281 section 8; the Session-Id is of RFC 5247 appendix A."""
    connection = Exporting()
    keys = tls_keys(connection, eap_type, "1.2")
    assert connection.asked == [(label, 128, None)]
    assert keys.msk.reveal() == bytes(range(64))
    assert keys.session_id == bytes((eap_type,)) + b"c" * 32 + b"s" * 32


@pytest.mark.parametrize("eap_type", [EapType.TLS, EapType.PEAP, EapType.TTLS])
def test_tls_1_3_exports_by_the_type_code(eap_type: EapType) -> None:
    """RFC 9190 section 2.3, RFC 9427 section 2.1."""
    connection = Exporting()
    keys = tls_keys(connection, eap_type, "1.3")
    code = bytes((eap_type,))
    assert connection.asked == [
        (b"EXPORTER_EAP_TLS_Key_Material", 128, code),
        (b"EXPORTER_EAP_TLS_Method-Id", 64, code),
    ]
    assert keys.session_id == code + bytes(range(64))


def test_the_implicit_challenge_has_no_context() -> None:
    connection = Exporting()
    assert implicit_challenge(connection, 17) == bytes(range(17))
    assert connection.asked == [(b"ttls challenge", 17, None)]


def test_prf_plus_is_blocks_of_hmac_sha1_each_over_the_last() -> None:
    one = hmac.digest(b"key", b"seed\1\0\0", "sha1")
    two = hmac.digest(b"key", one + b"seed\2\0\0", "sha1")
    three = hmac.digest(b"key", two + b"seed\3\0\0", "sha1")
    assert prf_plus(b"key", b"seed", 20) == one
    assert prf_plus(b"key", b"seed", 41) == one + two + three[:1]


KEYS = TlsKeys(Secret(bytes(range(128))), b"id")


def test_compound_keys_hang_on_the_inner_methods_key() -> None:
    inner = Secret(b"i" * 64)
    octets = prf_plus(bytes(range(40)), b"Inner Methods Compound Keys" + b"i" * 32, 60)
    keys = compound_keys(KEYS, inner, resumed=False)
    assert (keys.ipmk.reveal(), keys.cmk.reveal()) == (octets[:40], octets[40:])
    none = compound_keys(KEYS, None, resumed=False)
    assert none.cmk != keys.cmk
    assert none.cmk == compound_keys(KEYS, Secret(bytes(32)), resumed=False).cmk


def test_compound_keys_of_a_resumed_session_are_the_tunnels() -> None:
    keys = compound_keys(KEYS, None, resumed=True)
    assert (keys.ipmk.reveal(), keys.cmk.reveal()) == (bytes(range(40)), bytes(range(40, 60)))
    assert keys.msk.reveal() == prf_plus(bytes(range(40)), b"Session Key Generating Function\0", 128)[:64]


def test_keys_do_not_print() -> None:
    assert "Secret(***)" in repr(KEYS)
    assert bytes(range(64)).hex() not in repr(compound_keys(KEYS, None, resumed=True))

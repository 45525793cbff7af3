"""EAP-Extensions inside PEAP: the Result TLV and the Crypto-Binding TLV (MS-PEAP sections 2.2.8.1.1 and 2.2.8.1.2).

They end phase 2 under the tunnel's protection: without them an EAP-Success could be forged. These packets keep their EAP
header, which others lose inside PEAP version 0.
"""

from collections.abc import Iterator
from hmac import compare_digest as _any_compare
from typing import Final

from policies.value import Value
from radius.audit.causes import Cause
from radius.eap.keys import CompoundKeys
from radius.eap.method import EapType, PeerFault
from radius.eap.packet import OVERHEAD, EapCode, encode

NONCE: Final = 32  # octets
_MANDATORY: Final = 0x8000
_TYPE: Final = 0x3FFF
_RESULT: Final = 3
_CRYPTO_BINDING: Final = 12
_SUCCESS: Final = b"\0\1"
_FAILURE: Final = b"\0\2"
_RESULT_TLV: Final = (_MANDATORY | _RESULT).to_bytes(2, "big") + b"\0\2"
_BINDING_TLV: Final = _CRYPTO_BINDING.to_bytes(2, "big") + b"\0\x38"
_VERSIONS: Final = b"\0\0\0"  # reserved, our version, the version that was received: PEAP version 0
_ASKED: Final = b"\0"
_ANSWERED: Final = b"\1"
_MAC: Final = 20
_BINDING: Final = len(_VERSIONS) + 1 + NONCE + _MAC
_EXTENSIONS: Final = int(EapType.EXTENSIONS)
_REQUEST: Final = int(EapCode.REQUEST)
_RESPONSE: Final = int(EapCode.RESPONSE)
compare_digest: Final = _any_compare


def is_extensions(packet: bytes) -> bool:
    """Whether it is an EAP-Extensions Response, with its header."""
    return len(packet) >= OVERHEAD and packet[0] == _RESPONSE and packet[4] == _EXTENSIONS


def failure_request(identifier: int) -> bytes:
    """The Result TLV that says no."""
    return encode(_REQUEST, identifier, _EXTENSIONS, _RESULT_TLV + _FAILURE)


def success_request(identifier: int, keys: CompoundKeys | None, nonce: bytes) -> bytes:
    """The Result TLV that says yes, with our Crypto-Binding TLV when there are keys for it."""
    tlvs = _RESULT_TLV + _SUCCESS
    if keys is not None:
        tlvs += _binding(keys, nonce, _ASKED)
    return encode(_REQUEST, identifier, _EXTENSIONS, tlvs)


class Answered(Value):
    """The peer's answer: whether it agrees to the success, and its Crypto-Binding TLV (b"" for none)."""

    __slots__ = ("binding", "success")

    def __init__(self, success: bool, binding: bytes) -> None:
        self.success: Final = success
        self.binding: Final = binding

    def proves(self, keys: CompoundKeys, nonce: bytes) -> bool:
        """Whether its Crypto-Binding TLV answers ours: our nonce, and a MAC that takes the inner method's key to make."""
        return compare_digest(self.binding, _binding(keys, nonce, _ANSWERED)[4:])


def read_answer(packet: bytes) -> Answered:
    """The peer's answer to a Result TLV. Raises PeerFault for anything else."""
    if not is_extensions(packet) or int.from_bytes(packet[2:4], "big") != len(packet):
        raise PeerFault(Cause.EAP_BROKEN, "an answer to the Result TLV that has none")
    result = binding = b""
    for kind, value in _tlvs(packet[OVERHEAD:]):
        if kind & _TYPE == _RESULT:
            if result or value not in (_SUCCESS, _FAILURE):
                raise PeerFault(Cause.EAP_BROKEN, "a Result TLV that says neither success nor failure, or one too many")
            result = value
        elif kind & _TYPE == _CRYPTO_BINDING:
            if binding or len(value) != _BINDING:
                raise PeerFault(Cause.EAP_BROKEN, "a Crypto-Binding TLV of the wrong size, or one too many")
            binding = value
        elif kind & _MANDATORY:
            raise PeerFault(Cause.EAP_BROKEN, f"a mandatory TLV of type {kind & _TYPE} inside PEAP")
    if not result:
        raise PeerFault(Cause.EAP_BROKEN, "an answer to the Result TLV that has none")
    return Answered(result == _SUCCESS, binding)


def _tlvs(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(octets):
        end = at + 4 + int.from_bytes(octets[at + 2 : at + 4], "big")
        if at + 4 > len(octets) or end > len(octets):
            raise PeerFault(Cause.EAP_BROKEN, "a TLV cut short inside PEAP")
        yield int.from_bytes(octets[at : at + 2], "big"), octets[at + 4 : end]
        at = end


def _binding(keys: CompoundKeys, nonce: bytes, subtype: bytes) -> bytes:
    head = _BINDING_TLV + _VERSIONS + subtype + nonce
    return head + keys.mac(head + bytes(_MAC))

"""Conclusions become octets: what a grant says in the access point's dialect, what MS-CHAP wants to hear, and why not.

The attributes of a grant are encoded once for each rule, school and NAS family; only what differs from session to session
(timing, keys, Proxy-State) is added on the packet's way.
"""

from collections.abc import Callable
from typing import Final, cast

from policies.access import Method
from policies.decision import Decision
from policies.grant import Grant
from policies.value import Value
from radius.aaa.conclude import Conclusion
from radius.aaa.schools import School
from radius.aaa.timing import session_timing
from radius.audit.causes import Cause
from radius.audit.sentences import explain
from radius.crypto.mppe import keys_v2
from radius.crypto.mschap import authenticator_response
from radius.directory.question import MsChap2Response, Proved
from radius.secret import Secret
from radius.server.credentials import Proof
from radius.vendors import FAMILIES
from radius.vendors.base import timing
from radius.wire.attributes import (
    EAP_MESSAGE,
    MICROSOFT,
    MS_CHAP2_SUCCESS,
    MS_CHAP_ERROR,
    MS_CHAP_MPPE_KEYS,
    MS_MPPE_ENCRYPTION_POLICY,
    MS_MPPE_ENCRYPTION_TYPES,
    MS_MPPE_RECV_KEY,
    MS_MPPE_SEND_KEY,
    PROXY_STATE,
    REPLY_MESSAGE,
    encode_attribute,
    encode_vendor,
)
from radius.wire.dictionary import Dictionary
from radius.wire.packet import Packet
from radius.wire.shared_secret import SharedSecret

_NEVER: Final = float("inf")
TEMPLATES_AT_MOST: Final = 50_000
_EAP_FAILURE = 4  # RFC 3748 section 4.2
_ENCRYPTION = encode_vendor(MICROSOFT, MS_MPPE_ENCRYPTION_POLICY, (1).to_bytes(4, "big")) + encode_vendor(
    MICROSOFT, MS_MPPE_ENCRYPTION_TYPES, (6).to_bytes(4, "big")
)  # RFC 2548 section 2.4.4, 2.4.5: encryption allowed, 40 and 128 bit

# RFC 2759 section 6: what the peer is told. Only a proved person may hear of more than 691.
_MSCHAP_ERRORS = {
    Cause.ACCOUNT_DISABLED: 647,
    Cause.ACCOUNT_EXPIRED: 647,
    Cause.ACCOUNT_NOT_YET_VALID: 647,
    Cause.PASSWORD_EXPIRED: 649,  # 648 would have the peer change the password, which is not done here
    Cause.PASSWORD_MUST_CHANGE: 649,
    Cause.LOGON_HOURS: 646,
    Cause.LOGON_WORKSTATIONS: 649,
    Cause.DENIED_BY_RULE: 649,
    Cause.NO_RULE: 649,
    Cause.VLAN_NOT_MAPPED: 649,
}


class Template(Value):
    """A grant as octets for one school and NAS family. `vlan` is what the audit log tells; 0 for none. `unlimited` says that
    the grant itself sets no time."""

    __slots__ = ("attributes", "grant", "unlimited", "vlan")

    def __init__(self, attributes: bytes, grant: Grant, vlan: int) -> None:
        self.attributes: Final = attributes
        self.grant: Final = grant
        self.unlimited: Final = grant.session_timeout is None and grant.reauthenticate is None
        self.vlan: Final = vlan


class Replies:
    """Builds the attributes of Access-Accepts and Access-Rejects. `urandom(n)` gives n random octets for salts and
    challenges, `random()` a number in [0, 1) for the jitter of sessions."""

    def __init__(
        self, dictionary: Dictionary, jitter: int, urandom: Callable[[int], bytes], random: Callable[[], float]
    ) -> None:
        self._dictionary = dictionary
        self._jitter = jitter
        self._urandom = urandom
        self._random = random
        self._templates: dict[tuple[str, str, str, str], Template | Cause] = {}

    def forget_all(self) -> None:
        """Schools or policies have changed."""
        self._templates.clear()

    def template(self, decision: Decision, school: School, family: str) -> Template | Cause:
        """The octets of the decision's grant there, or the Cause for which it cannot be given."""
        key = (decision.rule, decision.policy, school.name, family)
        found = self._templates.get(key)
        if found is None:
            if len(self._templates) >= TEMPLATES_AT_MOST:
                self._templates.clear()
            found = self._templates[key] = self._encode(decision, school, family)
        return found

    def session_time(self, template: Template, decision: Decision, now: float) -> tuple[int, bytes]:
        """Seconds (0: no limit) and the octets that say so."""
        if template.unlimited and decision.valid_until == _NEVER:
            return 0, b""
        times = session_timing(template.grant, decision.valid_until, now, self._random(), self._jitter)
        return times.seconds, timing(times.seconds, times.reauthenticate) if times.seconds else b""

    def keys(self, proof: Proof, answer: Proved, secret: SharedSecret, packet: Packet) -> bytes:
        """What MS-CHAP and MS-CHAPv2 add to an Accept: the authenticator response and the MPPE keys (RFC 2548)."""
        if answer.nt_hash_hash is None:
            return b""
        hash_hash = answer.nt_hash_hash.reveal()
        if proof.method is Method.MSCHAP:  # RFC 2548 section 2.4.1: LM key (none here), NT key, padding, hidden as a password
            keys = secret.hide_password(bytes(8) + hash_hash + bytes(8), packet.authenticator)
            return encode_vendor(MICROSOFT, MS_CHAP_MPPE_KEYS, keys) + _ENCRYPTION
        given = cast(MsChap2Response, proof.credential)
        success = authenticator_response(
            hash_hash, given.nt_response, given.peer_challenge, given.authenticator_challenge, given.user_name
        )
        send, receive = keys_v2(hash_hash, given.nt_response)
        high, low = self._urandom(2)
        salt, other = bytes((high | 0x80, low)), bytes((high | 0x80, low ^ 1))
        encrypt = secret.encrypt_salted
        return (
            encode_vendor(MICROSOFT, MS_CHAP2_SUCCESS, bytes((proof.identifier,)) + success.encode())
            + encode_vendor(MICROSOFT, MS_MPPE_SEND_KEY, encrypt(send, packet.authenticator, salt))
            + encode_vendor(MICROSOFT, MS_MPPE_RECV_KEY, encrypt(receive, packet.authenticator, other))
            + _ENCRYPTION
        )

    def pre_shared_key(self, psk: Secret, ssid: str, family: str, secret: SharedSecret, packet: Packet) -> bytes:
        """The device's own pre-shared key in the family's attributes; nothing where the family cannot say it."""
        octets = b""
        for attribute in FAMILIES[family].express_psk(psk, ssid) or ():
            name, value, tag = attribute.name, attribute.value, attribute.tag
            if self._dictionary.encrypted(name):
                hidden = value.reveal() if isinstance(value, Secret) else str(value).encode()
                salt = bytes((0x80 | self._urandom(1)[0], self._urandom(1)[0]))
                octets += self._dictionary.encode_encrypted(name, hidden, tag, secret, packet.authenticator, salt)
            else:
                octets += self._dictionary.encode(name, value, tag)
        return octets

    def rejection(self, conclusion: Conclusion, packet: Packet, proof: Proof | None, language: str) -> bytes:
        """What a reject tells: the reason for people, and the error for MS-CHAP; nothing that a stranger could learn from."""
        cause = conclusion.causes[0]
        octets = b""
        if not conclusion.wrong:
            denial = conclusion.decision.denial if conclusion.decision is not None else None
            words = denial.reason if denial is not None else explain(cause, "pupil", language).cause
            octets = _text(REPLY_MESSAGE, words)
        if EAP_MESSAGE in packet.first:  # RFC 3579 section 2.6.3: a reject of EAP carries EAP-Failure
            request = packet.first[EAP_MESSAGE]
            identifier = request[1] if len(request) > 1 else 0
            return encode_attribute(EAP_MESSAGE, bytes((_EAP_FAILURE, identifier, 0, 4)))
        if proof is not None and proof.method is Method.MSCHAPV2:  # RFC 2759 section 6
            error = f"E={_error(conclusion)} R=0 C={self._urandom(16).hex().upper()} V=3 M=Access denied"
            octets += encode_vendor(MICROSOFT, MS_CHAP_ERROR, bytes((proof.identifier,)) + error.encode())
        elif proof is not None and proof.method is Method.MSCHAP:  # RFC 2433 section 5
            error = f"E={_error(conclusion)} R=0"
            octets += encode_vendor(MICROSOFT, MS_CHAP_ERROR, bytes((proof.identifier,)) + error.encode())
        return octets

    def _encode(self, decision: Decision, school: School, family: str) -> Template | Cause:
        grant = cast(Grant, decision.grant)
        terms = school.terms(grant, family)
        if isinstance(terms, Cause):
            return terms
        expression = FAMILIES[family].express(terms)
        encode = self._dictionary.encode
        octets = b"".join(encode(each.name, each.value, each.tag) for each in expression.attributes)
        return Template(octets, grant, terms.vlan or 0)


def proxy_states(packet: Packet) -> bytes:
    """Every Proxy-State of the request, unchanged and in order (RFC 2865 section 5.33)."""
    if PROXY_STATE not in packet.first:
        return b""
    return b"".join(encode_attribute(PROXY_STATE, value) for value in packet.all(PROXY_STATE))


def _error(conclusion: Conclusion) -> int:
    return 691 if conclusion.wrong else _MSCHAP_ERRORS.get(conclusion.causes[0], 691)


def _text(attribute: int, words: str) -> bytes:
    """One text attribute; what is too long is cut at a character (RFC 2865 section 5: UTF-8, at most 253 octets)."""
    return encode_attribute(attribute, words.encode()[:253].decode(errors="ignore").encode())

"""EAP-MSCHAPv2: draft-kamath-pppext-eap-mschapv2-02, which carries MS-CHAPv2 (RFC 2759) in EAP packets.

The type-data of every packet but the peer's two acknowledgements is OpCode, MS-CHAPv2-ID, MS-Length and the OpCode's own
fields. The draft leaves the peer's MS-CHAPv2-ID free, so it is repeated and not compared: the Identifier of the EAP packet
and the challenge tie a Response to its Request.
"""

from enum import IntEnum
from typing import Final

from policies.access import Method
from policies.value import Value
from radius.audit.causes import Cause
from radius.crypto.mppe import keys_v2
from radius.crypto.mschap import authenticator_response, without_domain
from radius.directory.question import Answer, CouldNotAsk, MsChap2Response, Proved, Refused
from radius.eap.identity import parse
from radius.eap.method import Conversation, EapContext, PeerFault, Success, challenge, failure_of, verify
from radius.secret import Secret

MAX_RETRIES: Final = 2  # three wrong passwords in all: fewer than lock an account in the directories of others

_CHALLENGE_SIZE: Final = 16
_RESPONSE_SIZE: Final = 49  # Peer-Challenge 16, Reserved 8, NT-Response 24, Flags 1
_HEADER: Final = 4
_NAME_AT: Final = _HEADER + 1 + _RESPONSE_SIZE
_VERSION: Final = 3  # V= of the Failure: the Change Password protocol of RFC 2759 section 7

# RFC 2759 section 6. Only what the directory says after the proof held is told; the rest is one number for everything, so
# that a stranger cannot tell which names exist. 648 (password expired) would have Windows offer to change the password.
_AUTHENTICATION_FAILURE = 691
_ERRORS = {
    Cause.ACCOUNT_DISABLED: 647,  # ERROR_ACCT_DISABLED
    Cause.ACCOUNT_NOT_YET_VALID: 649,  # ERROR_NO_DIALIN_PERMISSION
    Cause.ACCOUNT_EXPIRED: 649,
    Cause.PASSWORD_EXPIRED: 649,
    Cause.PASSWORD_MUST_CHANGE: 649,
    Cause.LOGON_HOURS: 646,  # ERROR_RESTRICTED_LOGON_HOURS
    Cause.LOGON_WORKSTATIONS: 649,
}


class OpCode(IntEnum):
    """Section 2 of the draft."""

    CHALLENGE = 1
    RESPONSE = 2
    SUCCESS = 3
    FAILURE = 4
    CHANGE_PASSWORD = 7


class Response(Value):
    """A Response packet (section 2.2 of the draft): `name` is the peer's, as it was hashed but for its domain."""

    __slots__ = ("identifier", "name", "nt_response", "peer_challenge")

    def __init__(self, identifier: int, peer_challenge: bytes, nt_response: bytes, name: bytes) -> None:
        self.identifier: Final = identifier
        self.peer_challenge: Final = peer_challenge
        self.nt_response: Final = nt_response
        self.name: Final = name


def mschapv2(context: EapContext, retries: int = 0) -> Conversation:
    """Asks for the context's identity; on a wrong password the peer may try `retries` (0 to 2) times more.

    0 is the default because wpa_supplicant falls silent when it is allowed to retry and has no other password, while it
    acknowledges a failure that is final; so the device gets its reject at once and the log its cause.
    """
    retries = min(retries, MAX_RETRIES)
    identifier = (context.identifier + 1) & 0xFF  # section 2.1: typically that of the EAP packet
    value = context.random(_CHALLENGE_SIZE)
    data = yield from challenge(_challenge(identifier, value, context.server_name))
    while True:
        response = read_response(data, context)
        proof = MsChap2Response(value, response.peer_challenge, without_domain(response.name), response.nt_response)
        answer = yield from verify(context, context.identity, proof)
        if isinstance(answer, CouldNotAsk):
            return failure_of(answer, context)  # nothing is said to the peer: its password may well be right
        if isinstance(answer, Proved) and answer.nt_hash_hash is not None:
            return (yield from _succeed(context, answer, answer.nt_hash_hash.reveal(), response, proof))
        failure = failure_of(answer, context)
        error = _error(answer)
        again = retries > 0 and error == _AUTHENTICATION_FAILURE
        value = context.random(_CHALLENGE_SIZE)
        context.foresee(failure)
        data = yield from challenge(_failure(response.identifier, error, again, value))
        if data[:1] == bytes((OpCode.FAILURE,)) or not again:
            _refuse_password_change(data)
            return failure
        context.foresee(None)
        retries -= 1


def _succeed(
    context: EapContext, answer: Proved, nt_hash_hash: bytes, response: Response, proof: MsChap2Response
) -> Conversation:
    """Section 2.3: our proof that we know the password as well; the peer's acknowledgement is what ends the method."""
    message = authenticator_response(
        nt_hash_hash, proof.nt_response, proof.peer_challenge, proof.authenticator_challenge, proof.user_name
    )
    data = yield from challenge(_with_header(OpCode.SUCCESS, response.identifier, f"{message} M=OK".encode()))
    if data[:1] == bytes((OpCode.FAILURE,)):
        raise PeerFault(Cause.EAP_BROKEN, "the device did not accept our own proof of the password")
    if data[:1] != bytes((OpCode.SUCCESS,)):
        raise PeerFault(Cause.EAP_BROKEN, "no acknowledgement of an MS-CHAPv2 success")
    msk = master_session_key(nt_hash_hash, proof.nt_response)
    return Success(Method.EAP_MSCHAPV2, answer, msk, identity=context.identity)


def master_session_key(nt_hash_hash: bytes, nt_response: bytes) -> Secret:
    """The MSK: MasterReceiveKey, MasterSendKey and 32 zero octets, the server's receive key first (RFC 3079 section 3.3).

    The server's receive key is the peer's send key, so that both ends have the same octets.
    """
    send, receive = keys_v2(nt_hash_hash, nt_response)
    return Secret(receive + send + bytes(32))


def read_response(data: bytes, context: EapContext) -> Response:
    """The Response in the type-data `data`. Raises PeerFault for anything else: an acknowledgement of a success that was
    never told (CVE-2006-1354), a wish to change the password, another's name."""
    _refuse_password_change(data)
    if len(data) < _NAME_AT or data[0] != OpCode.RESPONSE or data[_HEADER] != _RESPONSE_SIZE:
        raise PeerFault(Cause.EAP_BROKEN, "no MS-CHAPv2 response to an MS-CHAPv2 challenge")
    length = data[2] << 8 | data[3]
    if not _NAME_AT <= length <= len(data):
        raise PeerFault(Cause.EAP_BROKEN, f"an MS-CHAPv2 response with an MS-Length of {length} in {len(data)} octets")
    name = data[_NAME_AT:length]
    if _user(name.decode(errors="replace")) != _user(context.identity):
        raise PeerFault(Cause.EAP_BROKEN, "an MS-CHAPv2 response for another name than the identity")
    return Response(data[1], data[_HEADER + 1 : _HEADER + 17], data[_HEADER + 25 : _HEADER + 49], name)


def _refuse_password_change(data: bytes) -> None:
    if data[:1] == bytes((OpCode.CHANGE_PASSWORD,)):
        raise PeerFault(Cause.PASSWORD_CHANGE, "the device wants to change the password")


def _user(identity: str) -> str:
    """Who it is, for a comparison that keeps a device from answering for another one than it was asked for."""
    return parse(identity).user.lower()


def _error(answer: Answer) -> int:
    return _ERRORS.get(answer.cause, _AUTHENTICATION_FAILURE) if isinstance(answer, Refused) else _AUTHENTICATION_FAILURE


def _challenge(identifier: int, value: bytes, server_name: str) -> bytes:
    """Section 2.1: Value-Size, Challenge, Name."""
    return _with_header(OpCode.CHALLENGE, identifier, bytes((_CHALLENGE_SIZE,)) + value + server_name.encode())


def _failure(identifier: int, error: int, again: bool, value: bytes) -> bytes:
    """Section 2.5 and RFC 2759 section 6."""
    text = f"E={error} R={int(again)} C={value.hex().upper()} V={_VERSION} M=Access denied"
    return _with_header(OpCode.FAILURE, identifier, text.encode())


def _with_header(code: OpCode, identifier: int, fields: bytes) -> bytes:
    return bytes((code, identifier)) + (_HEADER + len(fields)).to_bytes(2, "big") + fields

"""EAP-MD5-Challenge, RFC 3748 section 5.4: CHAP in EAP. Without keys, so it is for wired devices and tunnels alone."""

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import ChapResponse, Proved
from radius.eap.method import Conversation, EapContext, PeerFault, Success, challenge, failure_of, verify

_SIZE = 16  # of challenge and response, RFC 1994 section 4.1


def md5(context: EapContext) -> Conversation:
    """A challenge for the context's identity; the CHAP identifier is that of the EAP packet."""
    value = context.random(_SIZE)
    response = yield from challenge(bytes((_SIZE,)) + value + context.server_name.encode())
    if len(response) <= _SIZE or response[0] != _SIZE:  # Value-Size, Value, and a Name that says nothing new
        raise PeerFault(Cause.EAP_BROKEN, "an EAP-MD5 response that has no digest of 16 octets")
    proof = ChapResponse(context.identifier, value, response[1 : _SIZE + 1])
    answer = yield from verify(context, context.identity, proof)
    if not isinstance(answer, Proved):
        return failure_of(answer, context)
    return Success(Method.EAP_MD5, answer, identity=context.identity)

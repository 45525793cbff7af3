"""EAP-GTC, RFC 3748 section 5.6: the password travels as it is, so it belongs into a tunnel."""

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import PlainPassword, Proved
from radius.eap.method import Conversation, EapContext, PeerFault, Success, challenge, failure_of, verify
from radius.secret import Secret

_PROMPT = b"Password: "


def gtc(context: EapContext) -> Conversation:
    """Asks for the password of the context's identity. There are no keys in this method (`msk` is None)."""
    password = yield from challenge(_PROMPT)
    if not password:  # RFC 3748 section 5.6: one octet at least; and some directories take an empty password for no question
        raise PeerFault(Cause.EAP_BROKEN, "an empty answer to the question for the password")
    answer = yield from verify(context, context.identity, PlainPassword(Secret(password)))
    if not isinstance(answer, Proved):
        return failure_of(answer, context)
    return Success(Method.EAP_GTC, answer, identity=context.identity)

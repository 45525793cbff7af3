"""What the audit log is told of an EAP conversation."""

from typing import Final

from radius.aaa.conclude import Conclusion
from radius.audit.events import MAX_DETAIL, AccessDecided
from radius.audit.tags import Tag
from radius.eap.method import Failure, Success
from radius.server.conversations import Conversation
from radius.server.credentials import Ended

_UNANSWERED: Final = str(Tag.ACCESS_UNANSWERED)


def ended(conversation: Conversation, result: Success | Failure) -> Ended:
    """How a conversation ended, for the event that the gate writes."""
    authentication = conversation.authentication
    outer = authentication.identity
    user = result.identity or outer
    return Ended(
        authentication.method or "",
        user,
        outer if outer != user else "",
        result.inner,
        result.tls,
        isinstance(result, Success) and result.resumed,
        result.detail[:MAX_DETAIL] if isinstance(result, Failure) else "",
        authentication.rounds,
    )


def abandoned(conversation: Conversation, end: Ended, conclusion: Conclusion, now: float) -> AccessDecided:
    """The audit event of a conversation whose device fell silent: there was nobody left to reply to."""
    arrival, client, principal = conversation.arrival, conversation.client, conclusion.principal
    return AccessDecided(
        now,
        _UNANSWERED,
        client.school,
        conversation.nas,
        client.network,
        end.user,
        principal.subject if principal is not None else "",
        principal.role if principal is not None else "",
        arrival.mac,
        arrival.ssid,
        arrival.access_point,
        end.method,
        "",
        "",
        conclusion.causes,
        0,
        0,
        0.0,
        (0, 0, 0, 0),
        end.outer,
        end.inner,
        end.tls,
        end.resumed,
        end.detail,
        end.rounds,
    )

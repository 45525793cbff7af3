"""What goes into the driver of an EAP conversation and what comes out: methods on offer, and the step that follows a packet."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from policies.access import Method
from policies.value import Value
from radius.directory.question import Question
from radius.eap.method import EapType, Failure, MethodFactory, Success


class Discard(StrEnum):
    """Why a packet changed nothing: the names of counters."""

    MALFORMED = "eap-malformed"
    NOT_A_RESPONSE = "eap-not-a-response"
    NO_IDENTITY_FIRST = "eap-no-identity-first"
    SECOND_IDENTITY = "eap-second-identity"
    WRONG_IDENTIFIER = "eap-wrong-identifier"
    LATE_NAK = "eap-late-nak"
    OTHER_TYPE = "eap-other-type"
    NOT_AWAITED = "eap-not-awaited"  # while a directory is being asked
    OVER = "eap-over"


class Offer(Value):
    """One method on offer: its EAP type, its name in rules and in the audit log, and what begins it."""

    __slots__ = ("begin", "eap_type", "method")

    def __init__(self, eap_type: EapType, method: Method, begin: MethodFactory) -> None:
        self.eap_type: Final = eap_type
        self.method: Final = method
        self.begin: Final = begin


class Offered(Value):
    """What is on offer to somebody, in this order. `withheld` says in words what is not because no directory of hers could
    check it, "" where nothing is missing: told when she then finds no method."""

    __slots__ = ("offers", "withheld")

    def __init__(self, offers: Sequence[Offer], withheld: str = "") -> None:
        self.offers: Final = offers
        self.withheld: Final = withheld


class Send(Value):
    """An EAP-Request, for an Access-Challenge."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets: Final = octets


class Ask(Value):
    """A question for the directory; `answered` goes on with its answer."""

    __slots__ = ("question",)

    def __init__(self, question: Question) -> None:
        self.question: Final = question


class Succeeded(Value):
    """An EAP-Success, and the proof: policy may decide now."""

    __slots__ = ("octets", "success")

    def __init__(self, octets: bytes, success: Success) -> None:
        self.octets: Final = octets
        self.success: Final = success


class Failed(Value):
    """An EAP-Failure, and why. Where `failure.answer` is *could not ask*, silence may be the better reply."""

    __slots__ = ("failure", "octets")

    def __init__(self, octets: bytes, failure: Failure) -> None:
        self.octets: Final = octets
        self.failure: Final = failure


class Ignored(Value):
    """Discarded in silence, and nothing has changed."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason: Final = reason


Step = Send | Ask | Succeeded | Failed | Ignored

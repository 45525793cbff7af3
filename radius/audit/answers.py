"""What came of asking an access point to end or change a session: a closed vocabulary, with sentences of cause and cure.

An access point that refuses says why with an Error-Cause (RFC 5176 section 3.5); the others are what became of requests that
nobody answered, and of those that need not be sent. The sentences are the coordinator's and are in radius.audit.answers_texts.
"""

from enum import StrEnum
from typing import Final

from radius.audit.answers_texts import ENGLISH, SERBIAN
from radius.audit.cyrillic import to_latin
from radius.audit.sentences import Explanation, Language


class NasAnswer(StrEnum):
    """One code for each answer. Codes are stored for years: renaming one is a migration."""

    DONE = "done"

    # refusals, by their Error-Cause
    INVALID_EAP_PACKET = "invalid-eap-packet"
    UNSUPPORTED_ATTRIBUTE = "unsupported-attribute"
    MISSING_ATTRIBUTE = "missing-attribute"
    NAS_MISMATCH = "nas-identification-mismatch"
    INVALID_REQUEST = "invalid-request"
    UNSUPPORTED_SERVICE = "unsupported-service"
    UNSUPPORTED_EXTENSION = "unsupported-extension"
    INVALID_VALUE = "invalid-attribute-value"
    PROHIBITED = "administratively-prohibited"
    NOT_ROUTABLE = "request-not-routable"
    NO_SUCH_SESSION = "session-context-not-found"
    NOT_REMOVABLE = "session-context-not-removable"
    PROXY_ERROR = "other-proxy-processing-error"
    NO_RESOURCES = "resources-unavailable"
    REQUEST_INITIATED = "request-initiated"
    SEVERAL_SESSIONS = "multiple-session-selection-unsupported"
    REFUSED = "refused"  # without an Error-Cause, or with one that RFC 5176 does not have

    # nobody answered
    SILENCE = "silence"
    FORGED = "answer-not-authentic"
    NOT_LISTENING = "not-listening"
    UNREACHABLE = "unreachable"

    # nothing was sent
    SAME_GRANT = "same-grant"
    SESSION_OVER = "session-over"
    CLIENT_GONE = "client-gone"
    NAMELESS = "session-not-named"
    TOO_LATE = "too-late"

    @property
    def is_refusal(self) -> bool:
        """Whether the access point itself has said no."""
        return self in _REFUSALS

    @property
    def is_inability(self) -> bool:
        """Whether it said that it cannot do this, so that a request of another kind may be worth trying. Where it does not
        know the session, or forbids everything, it is not."""
        return self in _INABILITIES

    @property
    def is_silence(self) -> bool:
        """Whether it may answer another time."""
        return self in _SILENCES


ERROR_CAUSES: Final = {  # RFC 5176 section 3.5
    202: NasAnswer.INVALID_EAP_PACKET,
    401: NasAnswer.UNSUPPORTED_ATTRIBUTE,
    402: NasAnswer.MISSING_ATTRIBUTE,
    403: NasAnswer.NAS_MISMATCH,
    404: NasAnswer.INVALID_REQUEST,
    405: NasAnswer.UNSUPPORTED_SERVICE,
    406: NasAnswer.UNSUPPORTED_EXTENSION,
    407: NasAnswer.INVALID_VALUE,
    501: NasAnswer.PROHIBITED,
    502: NasAnswer.NOT_ROUTABLE,
    503: NasAnswer.NO_SUCH_SESSION,
    504: NasAnswer.NOT_REMOVABLE,
    505: NasAnswer.PROXY_ERROR,
    506: NasAnswer.NO_RESOURCES,
    507: NasAnswer.REQUEST_INITIATED,
    508: NasAnswer.SEVERAL_SESSIONS,
}
_REFUSALS = frozenset((*ERROR_CAUSES.values(), NasAnswer.REFUSED))
_INABILITIES = _REFUSALS - {NasAnswer.NO_SUCH_SESSION, NasAnswer.NAS_MISMATCH, NasAnswer.NOT_ROUTABLE, NasAnswer.PROXY_ERROR}
_SILENCES = frozenset((NasAnswer.SILENCE, NasAnswer.FORGED, NasAnswer.NOT_LISTENING, NasAnswer.UNREACHABLE))


def of_error_cause(number: int) -> NasAnswer:
    """The refusal with this Error-Cause; REFUSED for one that is not known, and for 0, none."""
    return ERROR_CAUSES.get(number, NasAnswer.REFUSED)


def explain_answer(answer: NasAnswer, language: str) -> Explanation:
    """The sentences for `answer`, to the coordinator; a language that is not here is answered in English."""
    if language not in (Language.SERBIAN_CYRILLIC, Language.SERBIAN_LATIN):
        return Explanation(*ENGLISH[answer])
    told = Explanation(*SERBIAN[answer])
    return Explanation(to_latin(told.cause), to_latin(told.cure)) if language == Language.SERBIAN_LATIN else told

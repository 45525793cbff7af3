"""TLS alerts in words: which alert, from which side, and what it means for whoever wanted to come in.

A device that does not like our certificate says so in an alert and nowhere else, so this is what a technician needs most.
"""

from collections.abc import Sequence

from radius.audit.causes import Cause

# https://www.iana.org/assignments/tls-parameters, under the names of RFC 8446 section 6
NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    116: "certificate_required",
    120: "no_application_protocol",
}

_ABOUT_CERTIFICATE = frozenset(
    {
        "bad_certificate",
        "unsupported_certificate",
        "certificate_revoked",
        "certificate_expired",
        "certificate_unknown",
        "unknown_ca",
        "access_denied",
        "bad_certificate_status_response",
    }
)
# What OpenSSL's clients send when the application (wpa_supplicant) refused the certificate for its name.
_WHILE_CHECKING = frozenset({"handshake_failure", "internal_error", "user_canceled"})
_OLD_VERSION = frozenset(
    {"unsupported protocol", "version too low", "wrong version number", "unknown protocol", "wrong ssl version"}
)
_NO_CERTIFICATE = frozenset({"peer did not return a certificate"})
_ALERT_RECORD = 21  # RFC 8446 section 5.1
_WITHOUT_ALERT = "tlsv1 "  # so begin three received alerts of RFC 6066 ("tlsv1 unrecognized name"), and no reason of our own
_ODD_SPELLINGS = {"user_cancelled": "user_canceled"}

Reasons = Sequence[tuple[str, str, str]]


def from_peer(reasons: Reasons) -> str:
    """The name of the alert that the peer sent, as OpenSSL's reasons tell it ("tlsv1 alert unknown ca"), else ""."""
    for _, _, reason in reasons:
        _, found, words = reason.partition(" alert ")
        if not found and reason.startswith(_WITHOUT_ALERT):
            found, words = _WITHOUT_ALERT, reason.removeprefix(_WITHOUT_ALERT)
        if found:
            name = words.replace(" ", "_")
            return _ODD_SPELLINGS.get(name, name)
    return ""


def in_clear(records: bytes) -> str:
    """The name of our alert, if `records` end in one that is not encrypted, else ""."""
    if len(records) < 7 or records[-7] != _ALERT_RECORD or records[-4:-2] != b"\0\2":
        return ""
    return NAMES.get(records[-1], f"alert {records[-1]}")


def cause_of_peers(alert: str, checking_certificate: bool) -> Cause:
    """What the peer's alert means. `checking_certificate`: ours was the last thing that it got."""
    if alert in _ABOUT_CERTIFICATE or (checking_certificate and alert in _WHILE_CHECKING):
        return Cause.SERVER_NOT_TRUSTED
    return Cause.TLS_VERSION if alert == "protocol_version" else Cause.TLS_FAILED


def cause_of_ours(reasons: Reasons) -> Cause:
    """What our own refusal means."""
    words = {reason for _, _, reason in reasons}
    if words & _OLD_VERSION:
        return Cause.TLS_VERSION
    return Cause.CERTIFICATE_MISSING if words & _NO_CERTIFICATE else Cause.TLS_FAILED

"""What a bind says beside its result code: the password policy's controls.

draft-behera-ldap-password-policy-10 section 6.2 (OpenLDAP's ppolicy, 389-DS) and Netscape's *password expired* control
(2.16.840.1.113730.3.4.4, draft-vchu-ldap-pwd-policy-00 section 4; 389-DS).
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from policies.value import Value

PASSWORD_POLICY: Final = "1.3.6.1.4.1.42.2.27.8.5.1"  # noqa: S105 - an OID
NETSCAPE_EXPIRED: Final = "2.16.840.1.113730.3.4.4"
_ERROR_TAG: Final = 0x81  # [1] ENUMERATED


class PolicyError(IntEnum):
    """The errors of the control that a bind can bring."""

    PASSWORD_EXPIRED = 0  # also where the password was right
    ACCOUNT_LOCKED = 1
    CHANGE_AFTER_RESET = 2


class BindResult(Value):
    """`code` is RFC 4511's result code, 0 when the proof held; `message` the server's text (diagnosticMessage)."""

    __slots__ = ("code", "message", "policy")

    def __init__(self, code: int, message: str, policy: PolicyError | None = None) -> None:
        self.code: Final = code
        self.message: Final = message
        self.policy: Final = policy


def policy_error(controls: Mapping[str, bytes], *, held: bool) -> PolicyError | None:
    """What the response's controls say, by their OIDs; None for nothing, and for what cannot be read."""
    if not controls:
        return None
    number = _error_number(controls.get(PASSWORD_POLICY, b""))
    if number in (0, 1, 2):
        return PolicyError(number)
    if NETSCAPE_EXPIRED in controls:
        return PolicyError.CHANGE_AFTER_RESET if held else PolicyError.PASSWORD_EXPIRED
    return None


def _error_number(value: bytes) -> int | None:
    """PasswordPolicyResponseValue ::= SEQUENCE { warning [0] CHOICE {...} OPTIONAL, error [1] ENUMERATED {...} OPTIONAL }.

    Short form lengths are all that 20 octets need.
    """
    at = 2
    while at + 2 <= len(value):
        tag, length = value[at], value[at + 1]
        if tag == _ERROR_TAG and length == 1 and at + 3 == len(value):
            return value[at + 2]
        at += 2 + length
    return None

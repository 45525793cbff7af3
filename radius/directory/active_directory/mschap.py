"""MS-CHAP at Active Directory: the helpers, and the certainty that the domain takes such proofs at all.

A domain that does not (`ntlm auth = ntlmv2-only`, or a helper without --allow-mschapv2) refuses a right password as a wrong
one, and counts it: it would lock everybody's account. So the service account's own password, which is known to be right, is
tried first; while that is refused nobody else's is sent, and the directory could not be asked.
"""

import os
import time
from threading import Lock
from typing import Final, Protocol

from radius.audit.causes import Cause
from radius.crypto.mschap import challenge_response, nt_password_hash
from radius.directory.active_directory.accounts import Account, Accounts
from radius.directory.active_directory.ntlm_auth import CHALLENGE, Accepted, HelperFault, NtlmAuth, Verdict
from radius.directory.ldap.password_policy import BindResult
from radius.secret import Secret

DOUBT: Final = 8  # wrong passwords in a row after which it is tried again
AGAIN: Final = 60.0  # seconds between trials that fail
NOT_TAKEN: Final = (
    "the domain refuses MS-CHAPv2 even with the service account's right password; on a Samba domain controller set "
    "'ntlm auth = mschapv2-and-ntlmv2-only', on Windows allow NTLM"
)


class Binding(Protocol):
    """What is needed of radius.directory.ldap.servers.Servers."""

    def bind_as(self, name: str, password: Secret, deadline: float) -> BindResult:
        """Raises Unreachable."""


class MsChap:
    """Thread-safe."""

    def __init__(
        self, helpers: NtlmAuth, accounts: Accounts, servers: Binding, bind_dn: str, bind_password: Secret | None
    ) -> None:
        self.helpers: Final = helpers
        self._accounts = accounts
        self._servers = servers
        self._bind_dn = bind_dn
        self._bind_password = bind_password
        self._lock = Lock()
        self._sure = False
        self._wrong_in_a_row = 0
        self._refused_until = 0.0

    def check(self, sam: str, challenge: bytes, nt_response: bytes, deadline: float) -> Verdict:
        """Whether the response (24 octets) to the challenge (8 octets) is that of the account with this sAMAccountName.

        Raises HelperFault and Unreachable.
        """
        self._make_sure(deadline)
        domain = self._accounts.domain(deadline).names.netbios.upper()
        verdict = self.helpers.check(domain, sam, challenge, nt_response, deadline)
        if isinstance(verdict, Accepted):
            self._wrong_in_a_row = 0
        elif verdict.cause is Cause.WRONG_PASSWORD:
            self._wrong_in_a_row += 1
            if self._wrong_in_a_row >= DOUBT:
                self._wrong_in_a_row, self._sure = 0, False
        return verdict

    def rehearse(self, deadline: float) -> Verdict | None:
        """What the domain says to the service account's own password; None where there is none to try. Raises as `check`."""
        account = self._service_account(deadline)
        if account is None or not self._bind_password:
            return None
        challenge = os.urandom(CHALLENGE)
        password = self._bind_password.reveal().decode(errors="replace")
        response = challenge_response(challenge, nt_password_hash(password))
        domain = self._accounts.domain(deadline).names.netbios.upper()
        verdict = self.helpers.check(domain, account.sam, challenge, response, deadline)
        if not isinstance(verdict, Accepted):
            self._servers.bind_as(self._bind_dn, self._bind_password, deadline)  # which ends the count of wrong passwords
        return verdict

    def close(self) -> None:
        """End the helpers."""
        self.helpers.close()

    def _make_sure(self, deadline: float) -> None:
        if self._sure:
            return
        if not self._lock.acquire(timeout=max(deadline - time.monotonic(), 0.0)):
            raise HelperFault("whether the domain takes MS-CHAP was not found out in time")
        try:
            if self._sure:
                return
            if time.monotonic() < self._refused_until:
                raise HelperFault(NOT_TAKEN)
            verdict = self.rehearse(deadline)
            if verdict is not None and not isinstance(verdict, Accepted) and verdict.cause is Cause.WRONG_PASSWORD:
                self._refused_until = time.monotonic() + AGAIN
                raise HelperFault(NOT_TAKEN)
            self._sure = True
        finally:
            self._lock.release()

    def _service_account(self, deadline: float) -> Account | None:
        if "=" in self._bind_dn:
            return self._accounts.at(self._bind_dn, deadline)
        return self._accounts.find(self._bind_dn, deadline)

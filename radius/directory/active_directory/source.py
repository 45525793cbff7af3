"""Active Directory behind the one way to ask a directory: passwords by bind, MS-CHAP through ntlm_auth, certificates by name.

The account is looked up first, always: by whatever name, it is then asked for by its DN or sAMAccountName, and Samba's helper
never meets a UPN. A proof comes next, and only then whether the account may come in.
"""

from hmac import compare_digest
from typing import Final

from radius.audit.causes import Cause
from radius.crypto.mschap import challenge_hash
from radius.directory.active_directory import reasons
from radius.directory.active_directory.accounts import Account, Accounts, Several
from radius.directory.active_directory.mschap import MsChap
from radius.directory.active_directory.ntlm_auth import CHALLENGE, RESPONSE, Accepted, HelperFault, NtlmAuth
from radius.directory.active_directory.wrong_passwords import WrongPasswords
from radius.directory.description import BIND_PASSWORD, Description
from radius.directory.ldap.servers import Servers
from radius.directory.ldap.unreachable import Stage, Unreachable
from radius.directory.question import (
    Answer,
    CouldNotAsk,
    Credential,
    MsChap2Response,
    MsChapResponse,
    NotHere,
    PlainPassword,
    Proved,
    Question,
    Refused,
    Remembered,
    VerifiedCertificate,
    Wrong,
)
from radius.errors import OperatorError
from radius.secret import Secret

_HELD: Final = 0
_NOT_HERE: Final = NotHere()


def make_active_directory(name: str, description: Description, given: dict[str, Secret]) -> "ActiveDirectory":
    """The source called `name`. Opens nothing yet. Raises OperatorError for what cannot be used."""
    if not description.bind_dn:
        raise OperatorError("bind_dn: Active Directory lets nobody search without an account; name the service account's")
    return ActiveDirectory(name, description, Servers(description, given), given.get(BIND_PASSWORD))


class ActiveDirectory:
    """See radius.directory.source.Source. `trouble` is what was seen at the last *could not ask*."""

    def __init__(self, name: str, description: Description, servers: Servers, bind_password: Secret | None) -> None:
        self._name = name
        self.trouble = ""
        self.accounts: Final = Accounts(name, description, servers)
        self._servers = servers
        self._wrong = WrongPasswords()
        ntlm = description.ntlm
        self.mschap: Final = (
            MsChap(NtlmAuth(ntlm.command, ntlm.processes), self.accounts, servers, description.bind_dn, bind_password)
            if ntlm is not None and ntlm.processes
            else None
        )
        kinds: set[type] = {PlainPassword, VerifiedCertificate, Remembered}
        self._checks = frozenset(kinds | ({MsChapResponse, MsChap2Response} if self.mschap else set()))

    @property
    def name(self) -> str:
        """See Source.name."""
        return self._name

    @property
    def checks(self) -> frozenset[type]:
        """See Source.checks."""
        return self._checks

    def answer(self, question: Question, deadline: float) -> Answer:
        """See Source.answer."""
        try:
            return self._answer(question, deadline)
        except Several as several:
            return Refused(several.principal, Cause.AMBIGUOUS_ACCOUNT)
        except (Unreachable, HelperFault) as away:
            self.trouble = str(away)
            return CouldNotAsk(self._name)

    def close(self) -> None:
        """See Source.close."""
        self._servers.close()
        if self.mschap:
            self.mschap.close()

    def _answer(self, question: Question, deadline: float) -> Answer:
        credential = question.credential
        if isinstance(credential, VerifiedCertificate):
            account = self.accounts.owner(credential.names, deadline)
        else:
            account = self.accounts.find(question.principal, deadline)
        if account is None:
            return _NOT_HERE
        cause, key = self._proof(account, credential, question.time, deadline)
        if cause is Cause.WRONG_PASSWORD:
            return Wrong(self.accounts.stranger(account), self._patience(account, credential, question.time, deadline))
        if cause is not None:
            return Refused(self.accounts.stranger(account), cause)
        return self._admitted(account, question, key, deadline)

    def _patience(self, account: Account, credential: Credential, now: float, deadline: float) -> float:
        """After an MS-CHAP proof, which never looks the same; a wrong password that is sent again is known by itself."""
        if not isinstance(credential, MsChapResponse | MsChap2Response):
            return 0.0
        lockout = self.accounts.domain(deadline).lockout
        return lockout.patience(account.counted(lockout, now) + 1)

    def _admitted(self, account: Account, question: Question, key: Secret | None, deadline: float) -> Answer:
        """The proof held; now the account itself, and who it is for policy."""
        facts = account.facts(self.accounts.groups(account, deadline), question.time)
        principal = self.accounts.principal(account, facts)
        cause = account.state.refusal(question.time) or self.accounts.refusal(facts)
        if cause is not None:
            return Refused(principal, cause)
        return Proved(principal, key, version=account.version if question.remember else b"")

    def _proof(
        self, account: Account, credential: Credential, now: float, deadline: float
    ) -> tuple[Cause | None, Secret | None]:
        """Why the proof does not hold, or is not enough; None, with the key of an MS-CHAP proof, when it does."""
        if isinstance(credential, PlainPassword):
            return self._password(account, credential.password, now, deadline), None
        if isinstance(credential, MsChapResponse | MsChap2Response):
            return self._mschap(account, credential, now, deadline)
        if isinstance(credential, VerifiedCertificate):  # a lock refuses new logons, also by a smart card (RFC 4556)
            return Cause.ACCOUNT_LOCKED if account.state.locked else None, None
        if isinstance(credential, Remembered):  # brings no guess, so a lock, which strangers can bring about, does not end it
            if not compare_digest(credential.version, account.version):
                return Cause.WRONG_PASSWORD, None
            return account.state.password_refusal(), None
        return Cause.METHOD_NOT_CHECKABLE, None

    def _password(self, account: Account, password: Secret, now: float, deadline: float) -> Cause | None:
        if not password or self._wrong.knows(account, password):
            return Cause.WRONG_PASSWORD
        lockout = self.accounts.domain(deadline).lockout
        if lockout.guards(account.counted(lockout, now)):
            return Cause.LOCKOUT_GUARD
        result = self._servers.bind_as(account.dn, password, deadline)
        if result.code == _HELD:
            return None
        cause = reasons.of_bind(result.code, result.message)
        if cause is None:
            raise Unreachable(Stage.PROOF, "", f"a refusal that says nothing: {result.code} {result.message}")
        if cause is Cause.WRONG_PASSWORD:
            self._wrong.keep(account, password, lockout.window)
        return cause

    def _mschap(
        self, account: Account, credential: MsChapResponse | MsChap2Response, now: float, deadline: float
    ) -> tuple[Cause | None, Secret | None]:
        if self.mschap is None:
            return Cause.METHOD_NOT_CHECKABLE, None
        lockout = self.accounts.domain(deadline).lockout
        if lockout.guards(account.counted(lockout, now)):
            return Cause.LOCKOUT_GUARD, None
        if isinstance(credential, MsChap2Response):
            challenge = challenge_hash(credential.peer_challenge, credential.authenticator_challenge, credential.user_name)
        else:
            challenge = credential.challenge
        if len(challenge) != CHALLENGE or len(credential.nt_response) != RESPONSE:
            return Cause.WRONG_PASSWORD, None
        verdict = self.mschap.check(account.sam, challenge, credential.nt_response, deadline)
        return (None, verdict.nt_hash_hash) if isinstance(verdict, Accepted) else (verdict.cause, None)

"""Active Directory tried step by step with one person's name, for `kapija directory test`."""

import time
from typing import Final

from radius.audit.causes import Cause
from radius.crypto.mschap import hash_nt_password_hash, nt_password_hash
from radius.directory.active_directory.accounts import Account, Several
from radius.directory.active_directory.mschap import NOT_TAKEN, MsChap
from radius.directory.active_directory.ntlm_auth import Accepted, HelperFault
from radius.directory.active_directory.source import ActiveDirectory
from radius.directory.description import BIND_PASSWORD, Description
from radius.directory.ldap.servers import Servers
from radius.directory.ldap.unreachable import Unreachable
from radius.directory.question import PlainPassword, Question
from radius.directory.steps import Step, Steps, patience, try_servers
from radius.secret import Secret

DOMAIN: Final = "domain"
MSCHAP: Final = "ntlm_auth"

_HELPER_CURES: Final = (
    ("cannot be started", "Install winbind on this machine, or write the program's path into ntlm.command."),
    (
        "Reading winbind reply failed",
        "Start winbind and join this machine to the domain (net ads join); Kapija's user must be in the group winbindd_priv.",
    ),
    (
        "does not exist",
        "winbind asks another domain: check ntlm.domain, and with 'wbinfo -t' that this machine is joined to it.",
    ),
    ("in time", "Winbind is slow or hangs: look with 'wbinfo -P' whether it reaches a domain controller."),
    (NOT_TAKEN, "On a Samba domain controller set 'ntlm auth = mschapv2-and-ntlmv2-only'; on Windows allow NTLM."),
)
_OTHER: Final = "Try 'ntlm_auth --username=NAME --domain=DOMAIN' by hand, and look into winbind's log."


def try_active_directory(
    name: str, description: Description, secrets: dict[str, Secret], username: str, password: Secret | None
) -> list[Step]:
    """The steps: connect, TLS, bind, domain, ntlm_auth; with a `username` search, groups, account, mapped; with her `password`
    the proof.

    Raises OperatorError for certificates that cannot be used.
    """
    servers = Servers(description, secrets)
    steps = Steps()
    source = ActiveDirectory(name, description, servers, secrets.get(BIND_PASSWORD))
    try:
        if try_servers(servers, description, steps):
            _Trial(description, source, steps, secrets.get(BIND_PASSWORD)).person(username, password)
    except Unreachable as away:
        steps.failed(away)
    finally:
        source.close()
    return steps.done


class _Trial:
    def __init__(self, description: Description, source: ActiveDirectory, steps: Steps, bind_password: Secret | None) -> None:
        self._description = description
        self._source = source
        self._steps = steps
        self._bind_password = bind_password

    def person(self, username: str, password: Secret | None) -> None:
        self._domain()
        if self._source.mschap is not None:
            self._mschap(self._source.mschap)
        account = self._find(username) if username else None
        if account is None:
            return
        if password is not None:
            self._steps.begin()
            answer = self._source.answer(Question(username, PlainPassword(password), time.time()), patience(self._description))
            self._steps.proof(answer, self._source.trouble)
        self._facts(account)

    def _domain(self) -> None:
        self._steps.begin()
        facts = self._source.accounts.domain(patience(self._description))
        if not facts.names.netbios or not facts.names.dns:
            self._steps.bad(
                DOMAIN,
                "the server does not tell the domain's names, so DOMAIN\\user and UPNs are not understood",
                "Check that the servers are domain controllers, and let the service account read the partition's names.",
            )
            return
        lockout = facts.lockout
        locks = f"locks after {lockout.threshold} wrong passwords" if lockout.threshold else "never locks accounts"
        self._steps.good(DOMAIN, f"{facts.names.netbios.upper()}, {facts.names.dns}, {locks}")

    def _mschap(self, mschap: MsChap) -> None:
        """With the service account's own password, so that a refusal can only be the domain's."""
        self._steps.begin()
        try:
            verdict = mschap.rehearse(patience(self._description))
        except HelperFault as fault:
            self._steps.bad(MSCHAP, str(fault), _cure(str(fault)))
            return
        if verdict is None:
            self._steps.good(MSCHAP, "not tried, since the service account has no password")
        elif not isinstance(verdict, Accepted):
            seen = NOT_TAKEN if verdict.cause is Cause.WRONG_PASSWORD else f"the service account was refused: {verdict.cause}"
            self._steps.bad(MSCHAP, seen, _cure(seen))
        elif self._bind_password is not None and not _is_key_of(verdict, self._bind_password):
            self._steps.bad(MSCHAP, "the key that came back is not that of the password", _OTHER)
        else:
            self._steps.good(MSCHAP, "the service account's password was proved by MS-CHAPv2, and the key is right")

    def _find(self, username: str) -> Account | None:
        self._steps.begin()
        try:
            account = self._source.accounts.find(username, patience(self._description))
        except Several as several:
            self._steps.bad("search", str(several), "Narrow the base or the filter until each name finds one account.")
            return None
        base = self._description.people.base or self._description.base
        if account is None:
            cure = "Check the name, the base and the filter; a name of another domain or with another UPN is not found either."
            self._steps.bad("search", f"no account for {username!r} below {base!r}", cure)
            return None
        self._steps.good("search", f"{account.dn}, {account.sam}, {account.stable}")
        return account

    def _facts(self, account: Account) -> None:
        self._steps.begin()
        accounts, now = self._source.accounts, time.time()
        groups = accounts.groups(account, patience(self._description))
        self._steps.groups(groups if accounts.reads_groups else None)
        facts = account.facts(groups, now)
        locked = Cause.ACCOUNT_LOCKED if account.state.locked else None
        cause = account.state.refusal(now) or locked or account.state.password_refusal() or accounts.refusal(facts)
        self._steps.account(cause)
        self._steps.mapped(accounts.principal(account, facts))


def _is_key_of(verdict: Accepted, password: Secret) -> bool:
    text = password.reveal().decode(errors="replace")
    return verdict.nt_hash_hash == Secret(hash_nt_password_hash(nt_password_hash(text)))


def _cure(seen: str) -> str:
    return next((cure for words, cure in _HELPER_CURES if words in seen), _OTHER)

"""The LDAP directory as a source of answers: find the person, let her prove, then look whether the account may come in.

A password is proved by a bind as the person. Where the description names an attribute with NT hashes, MS-CHAP is checked
against that. Everything that says nothing about the person (an outage, a server's own trouble, a service account that is
refused) is *could not ask*; two entries with one name are refused, never guessed between.
"""

from hmac import compare_digest
from typing import Final

from radius.audit.causes import Cause
from radius.crypto.mschap import challenge_hash, challenge_response, hash_nt_password_hash
from radius.directory.description import Description
from radius.directory.ldap.entry import Entry
from radius.directory.ldap.nt_hash import nt_hash_of
from radius.directory.ldap.password_policy import BindResult, PolicyError
from radius.directory.ldap.people import NO_HASH, AskedName, People
from radius.directory.ldap.servers import Servers
from radius.directory.ldap.unreachable import Stage, Unreachable
from radius.directory.question import (
    Answer,
    CouldNotAsk,
    KnownMac,
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
from radius.directory.source import Source
from radius.secret import Secret

_NOT_HERE: Final = NotHere()

# RFC 4511 appendix A
SUCCESS: Final = 0
CONSTRAINT_VIOLATION: Final = 19
INAPPROPRIATE_AUTHENTICATION: Final = 48
INVALID_CREDENTIALS: Final = 49
UNWILLING_TO_PERFORM: Final = 53

_BY_POLICY: Final = {
    PolicyError.PASSWORD_EXPIRED: Cause.PASSWORD_EXPIRED,
    PolicyError.ACCOUNT_LOCKED: Cause.ACCOUNT_LOCKED,
    PolicyError.CHANGE_AFTER_RESET: Cause.PASSWORD_MUST_CHANGE,
}


def make_ldap(name: str, description: Description, secrets: dict[str, Secret]) -> Source:
    """The source of the directory `name`. Opens nothing yet; raises OperatorError for certificates that cannot be used."""
    return LdapSource(name, description, Servers(description, secrets))


class LdapSource:
    """See `Source`. `trouble` is what was seen at the last *could not ask*, for `kapija directory status`."""

    def __init__(self, name: str, description: Description, servers: Servers) -> None:
        self._name = name
        self._servers = servers
        self._people = People(name, description, servers)
        self._nt_hash = description.people.nt_hash
        self.trouble = ""
        hashes = {MsChapResponse, MsChap2Response} if self._nt_hash != NO_HASH else set()
        self._checks = frozenset({PlainPassword, VerifiedCertificate, Remembered} | hashes)

    @property
    def name(self) -> str:
        """See `Source.name`."""
        return self._name

    @property
    def checks(self) -> frozenset[type]:
        """See `Source.checks`."""
        return self._checks

    def answer(self, question: Question, deadline: float) -> Answer:
        """See `Source.answer`."""
        try:
            return self._answer(question, deadline)
        except Unreachable as away:
            self.trouble = str(away)
            return CouldNotAsk(self._name)

    def close(self) -> None:
        """See `Source.close`."""
        self._servers.close()

    def _answer(self, question: Question, deadline: float) -> Answer:
        credential = question.credential
        if isinstance(credential, KnownMac):
            return _NOT_HERE
        hashed = isinstance(credential, MsChapResponse | MsChap2Response)
        names = credential.names if isinstance(credential, VerifiedCertificate) else (question.principal,)
        with_hash = hashed or question.remember or isinstance(credential, Remembered)
        for asked in filter(None, map(self._people.asked, names)):
            found = self._people.find(asked, deadline, with_hash=with_hash)
            if len(found) > 1:
                return Refused(self._people.several(asked), Cause.AMBIGUOUS_ACCOUNT)
            if found:
                return self._prove(question, found[0], asked, deadline)
        return _NOT_HERE

    def _prove(self, question: Question, entry: Entry, asked: AskedName, deadline: float) -> Answer:
        credential = question.credential
        if isinstance(credential, PlainPassword):
            return self._by_bind(question, credential.password, entry, asked, deadline)
        if isinstance(credential, MsChapResponse | MsChap2Response):
            return self._by_hash(question, credential, entry, asked, deadline)
        if isinstance(credential, Remembered):
            if not compare_digest(credential.version, self._people.version(entry)):
                return Wrong(self._people.principal(entry, asked, None))
            return self._admit(question, entry, asked, deadline)
        if isinstance(credential, VerifiedCertificate):
            return self._admit(question, entry, asked, deadline)
        return Refused(self._people.principal(entry, asked, None), Cause.METHOD_NOT_CHECKABLE)

    def _by_bind(self, question: Question, password: Secret, entry: Entry, asked: AskedName, deadline: float) -> Answer:
        result = self._servers.bind_as(entry.dn, password, deadline)
        if result.code == SUCCESS and result.policy is None:
            return self._admit(question, entry, asked, deadline)
        who = self._people.principal(entry, asked, None)
        if result.policy is not None:
            return Refused(who, _BY_POLICY[result.policy])
        if result.code == INVALID_CREDENTIALS:
            return Wrong(who)
        return Refused(who, self._refusal(result, entry, question.time))

    def _refusal(self, result: BindResult, entry: Entry, now: float) -> Cause:
        """Why a server does not even look at the password: it knows it to be locked or disabled, or there is none.

        389-DS says constraintViolation while an account is locked for too many wrong passwords, and unwillingToPerform for
        one that is inactivated. Every other such result may be the server's own trouble.
        """
        if result.code == CONSTRAINT_VIOLATION:
            return Cause.ACCOUNT_LOCKED
        if result.code == INAPPROPRIATE_AUTHENTICATION:
            return Cause.METHOD_NOT_CHECKABLE
        if result.code == UNWILLING_TO_PERFORM:
            known = self._people.refusal(self._people.facts(entry, (), now))
            if known is not None:
                return known
            if "inactivated" in result.message.lower():
                return Cause.ACCOUNT_DISABLED
        raise Unreachable(Stage.PROOF, "", f"result {result.code}: {result.message}")

    def _by_hash(
        self, question: Question, given: MsChapResponse | MsChap2Response, entry: Entry, asked: AskedName, deadline: float
    ) -> Answer:
        nt_hash = nt_hash_of(entry, self._nt_hash) if self._nt_hash != NO_HASH else None
        if nt_hash is None:
            return Refused(self._people.principal(entry, asked, None), Cause.METHOD_NOT_CHECKABLE)
        if isinstance(given, MsChap2Response):
            challenge = challenge_hash(given.peer_challenge, given.authenticator_challenge, given.user_name)
        else:
            challenge = given.challenge
        if not compare_digest(challenge_response(challenge, nt_hash.reveal()), given.nt_response):
            return Wrong(self._people.principal(entry, asked, None))
        return self._admit(question, entry, asked, deadline, Secret(hash_nt_password_hash(nt_hash.reveal())))

    def _admit(
        self, question: Question, entry: Entry, asked: AskedName, deadline: float, nt_hash_hash: Secret | None = None
    ) -> Answer:
        """The proof held; now the account itself, and then all that is known of the person."""
        facts = self._people.facts(entry, self._people.groups_of(entry, deadline), question.time)
        principal = self._people.principal(entry, asked, facts)
        cause = self._people.refusal(facts)
        if cause is not None:
            return Refused(principal, cause)
        version = self._people.version(entry) if question.remember else b""
        return Proved(principal, nt_hash_hash, False, version)

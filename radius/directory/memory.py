"""What memory says to a question for one directory: while the directory is there, and while it is away; and what it learns.

While it is there, what is fresh is answered, and anything else is asked: another password than the one that held, another
version of the account. A new password is so felt at once, and it takes the old one's place.

While it is away, the password that held last is good for some hours, a resumed session or a certificate as long as the account
was confirmed within those hours. Everything else could not be asked: a password that differs may well be the new one.
"""

from hmac import compare_digest as _any_compare
from typing import Final

from radius.directory.description import CacheTimes
from radius.directory.known import Facts, Known
from radius.directory.names import account_key
from radius.directory.question import (
    NOT_PROVED,
    Answer,
    NotHere,
    PlainPassword,
    Proved,
    Question,
    Refused,
    Remembered,
    VerifiedCertificate,
    Wrong,
)
from radius.directory.tally import Tally

compare_digest: Final = _any_compare


class Memory:
    """Of one directory. Threads may share it."""

    def __init__(self, known: Known, times: CacheTimes, tally: Tally) -> None:
        self._known = known
        self._facts_seconds = times.facts_seconds
        self._proof_seconds = times.proof_seconds
        self._away_seconds = times.proof_hours_away * 3600.0
        self._tally = tally

    def fresh(self, question: Question) -> Proved | None:
        """The answer while the directory is there, None when it must be asked."""
        return self._recall(question, self._facts_seconds, self._proof_seconds)

    def away(self, question: Question) -> Proved | None:
        """The answer while it is away, None when it could not be asked."""
        return self._recall(question, self._away_seconds, self._away_seconds)

    def _recall(self, question: Question, facts_seconds: float, proof_seconds: float) -> Proved | None:
        credential, tally = question.credential, self._tally
        is_password = isinstance(credential, PlainPassword)
        if not is_password and not isinstance(credential, Remembered | VerifiedCertificate):
            return None  # the response to a challenge proves nothing by an earlier one
        facts = self._known.facts(who(question))
        if facts is None or not 0 <= question.time - facts.at < facts_seconds:
            tally.misses["facts"] += 1
            return None
        if isinstance(credential, PlainPassword):
            if not self._holds(facts, credential.password.reveal(), question.time, proof_seconds):
                tally.misses["proofs"] += 1
                return None
            tally.hits["proofs"] += 1
        elif isinstance(credential, Remembered):
            if not facts.version or not compare_digest(facts.version, credential.version):
                tally.misses["facts"] += 1
                return None
            tally.hits["facts"] += 1
        else:
            tally.hits["facts"] += 1
        return Proved(facts.principal, None, True, facts.version)

    def _holds(self, facts: Facts, password: bytes, now: float, seconds: float) -> bool:
        proof = self._known.proof(facts.principal.subject)
        if proof is None or not 0 <= now - proof.at < seconds:
            return False
        if proof.at < facts.at and proof.version != facts.version:  # the account has changed since
            return False
        return self._known.is_password(proof, password)

    def learn(self, question: Question, answer: Answer) -> None:
        """What the directory has answered."""
        if isinstance(answer, Proved):
            self._learn_proved(question, answer)
        elif isinstance(answer, NotHere):
            self._known.drop_facts(who(question))
        elif isinstance(answer, Wrong):
            self._learn_wrong(question, answer)
        elif isinstance(answer, Refused) and answer.cause not in NOT_PROVED:
            self._known.drop_facts(who(question))
            self._known.drop_proof(answer.principal.subject)

    def _learn_proved(self, question: Question, answer: Proved) -> None:
        credential = question.credential
        self._known.keep_facts(who(question), Facts(answer.principal, answer.version, question.time))
        if isinstance(credential, PlainPassword):
            password = credential.password.reveal()
            self._known.keep_proof(answer.principal.subject, password, answer.version, question.time)

    def _learn_wrong(self, question: Question, answer: Wrong) -> None:
        """What was refuted is forgotten, if it is what is known. Another password's failing says nothing of the one that held
        last, or whoever guesses could take a teacher's survival away; and so with an old session."""
        credential, subject = question.credential, answer.principal.subject
        if isinstance(credential, Remembered):
            facts = self._known.facts(who(question))
            if facts is not None and compare_digest(facts.version, credential.version):
                self._known.drop_facts(who(question))
                self._known.drop_proof(subject)
        elif isinstance(credential, PlainPassword):
            proof = self._known.proof(subject)
            if proof is not None and self._known.is_password(proof, credential.password.reveal()):
                self._known.drop_proof(subject)


def who(question: Question) -> str:
    """Under which name the account of a question is known."""
    credential = question.credential
    if isinstance(credential, VerifiedCertificate):
        return "\0".join(("certificate", *credential.names))
    return account_key(question.principal)

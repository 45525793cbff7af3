"""A directory tried step by step: what was done, how long it took, what came out, and the cure where it failed.

Each server of the list is tried to the end, so that the second one is known to be good before the first one fails.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from radius.audit.causes import Cause
from radius.audit.sentences import Audience, Language, explain
from radius.directory.conditions import Group
from radius.directory.description import Description
from radius.directory.ldap.servers import Purpose, Servers
from radius.directory.ldap.unreachable import Stage, Unreachable
from radius.directory.question import Answer, Principal, Proved, Refused, Wrong

SHOWN: Final = 20  # groups
PROOF: Final = "proof"
PATIENCE: Final = 5.0  # seconds for a step, or the description's deadline where that is longer


class Step(Struct, frozen=True):
    """One step: its name, whether it went well, its time, what was seen, and what to do if it did not go well."""

    name: str
    ok: bool
    milliseconds: float
    detail: str
    cure: str = ""


class Steps:
    """Collects steps; each begins where the one before ended."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self._since = time.monotonic()

    def begin(self) -> None:
        """The next step begins now."""
        self._since = time.monotonic()

    def good(self, name: str, detail: str) -> None:
        """The step went well."""
        self._add(name, True, detail, "")

    def bad(self, name: str, detail: str, cure: str) -> None:
        """The step did not go well."""
        self._add(name, False, detail, cure)

    def failed(self, away: Unreachable) -> None:
        """The directory could not be asked."""
        self.bad(away.stage, f"{away.server}: {away.detail}" if away.server else away.detail, cure_of(away))

    def proof(self, answer: Answer, trouble: str) -> None:
        """What the directory said to a person's password; `trouble` is why it could not be asked."""
        if isinstance(answer, Proved):
            self.good(PROOF, "the password is right")
        elif isinstance(answer, Wrong):
            self.bad(PROOF, "the password is wrong", "Type it again, or set a new one in the directory.")
        elif isinstance(answer, Refused):
            self._refused(PROOF, answer.cause)
        else:
            self.bad(PROOF, trouble, "Look into the directory server's log.")

    def groups(self, groups: Sequence[Group] | None) -> None:
        """The groups that were found; None where no row asks for any."""
        if groups is None:
            self.good("groups", "not read, since no [[map]] row asks for them")
            return
        names = sorted(group.name for group in groups)
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        self.good("groups", (", ".join(names[:SHOWN]) or "none") + more)

    def account(self, cause: Cause | None) -> None:
        """Whether the account itself may come in."""
        if cause is None:
            self.good("account", "may come in")
        else:
            self._refused("account", cause)

    def mapped(self, principal: Principal) -> None:
        """What the rules will see."""
        mapped = f"{principal.name}: role {principal.role or 'none'}, school {principal.school or 'none'}, groups " + (
            ", ".join(sorted(principal.groups)) or "none"
        )
        if principal.role:
            self.good("mapped", mapped)
        else:
            self.bad("mapped", mapped, "Write a [[map]] row that gives this person a role; the last may be one for all.")

    def _refused(self, name: str, cause: Cause) -> None:
        told = explain(cause, Audience.COORDINATOR, Language.ENGLISH)
        self.bad(name, told.cause, told.cure)

    def _add(self, name: str, ok: bool, detail: str, cure: str) -> None:
        now = time.monotonic()
        self.done.append(Step(name, ok, (now - self._since) * 1000, detail, cure))
        self._since = now


def patience(description: Description) -> float:
    """Until when a step that begins now may take (monotonic seconds)."""
    return time.monotonic() + max(PATIENCE, description.limits.deadline_seconds)


def try_servers(servers: Servers, description: Description, steps: Steps) -> bool:
    """Resolve, connect, TLS and bind as the service account, for each server. Whether one of them can be asked."""
    usable = False
    for server in servers.each:
        steps.begin()
        passed: Callable[[Stage], None] = lambda stage, url=server.url: steps.good(stage, url)  # type: ignore[misc]  # noqa: E731
        try:
            servers.open(server, Purpose.SEARCH, patience(description), passed).close()
        except Unreachable as away:
            steps.failed(away)
        else:
            usable = True
    return usable


_CURES: Final[dict[Stage, str]] = {
    Stage.RESOLVE: "Look for a typing mistake in the server's name, and check this machine's name servers.",
    Stage.CONNECT: "Check that the directory server runs and listens there, and that no firewall is between.",
    Stage.TLS: "Check that the server speaks TLS on this port: ldaps:// is for port 636, ldap:// with StartTLS for 389.",
    Stage.BIND: "Check bind_dn and the secret 'bind_password' by hand, and that the account is neither locked nor expired.",
    Stage.SEARCH: "Check the base and the filter, and that the service account may read there.",
    Stage.PROOF: "Look into the directory server's log: it did not say whether the password is right.",
}
_CURES_BY_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("certificate has expired", "Renew the certificate of the directory server."),
    ("not yet valid", "Check the clocks of both machines, and from when the server's certificate is valid."),
    ("mismatch", "Write in 'servers' the name that is in the server's certificate, or put that name into 'server_name'."),
    ("self-signed", "Put the certificate of the authority that issued the server's certificate into 'ca'."),
    ("local issuer", "Put the certificate of the authority that issued the server's certificate into 'ca'."),
    ("certificate required", "The server demands a client certificate: give client_certificate and the secret 'client_key'."),
    (
        "closed the connection",
        "Check that ldaps:// is used for port 636 and ldap:// with StartTLS for 389. If so, look into the server's log: it may "
        "demand a client certificate, which it says only after the handshake.",
    ),
    ("handshake failure", "The server may demand a client certificate, or know only outdated TLS."),
    ("alert unknown ca", "The server does not trust the client certificate: use the one that it issued."),
    ("confidentialityrequired", 'The server wants TLS: take tls = "insecure-plain" out.'),
    ("strongerauthrequired", 'The server wants TLS: take tls = "insecure-plain" out.'),
    ("in time", "The server is too slow or hangs: look at its load and at the line to it."),
    ("nosuchobject", "The base is not there, or the service account may not see it."),
    ("sizelimitexceeded", "Raise the server's size limit for the service account."),
)


def cure_of(away: Unreachable) -> str:
    """What to do about it: by what was seen if that tells, else by how far one came."""
    seen = away.detail.lower()
    return next((cure for words, cure in _CURES_BY_WORDS if words in seen), _CURES[away.stage])

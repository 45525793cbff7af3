"""What the audit log is told of a decision: one event for each, the same for every method."""

from typing import Final

from policies.access import Arrival
from radius.aaa.conclude import Conclusion
from radius.audit.events import AccessDecided
from radius.server.attempt import Attempt
from radius.server.credentials import Ended, Proof

_FOREVER: Final = float("inf")
_NO_EAP: Final = Ended()
_decided: Final = AccessDecided


def decided(
    attempt: Attempt,
    arrival: Arrival,
    proof: Proof | Ended | None,
    conclusion: Conclusion,
    tag: str,
    took: tuple[int, int, int, int],
    vlan: int,
    seconds: int,
    login: str = "",
    counts: bool = False,
) -> AccessDecided:
    """The event; `took` are microseconds: until decoded, answered by the directory, decided, and in all. `login` is what Class
    says of this accept, `counts` whether its grant limits devices or use."""
    decision, principal, client = conclusion.decision, conclusion.principal, attempt.client
    eap = proof if isinstance(proof, Ended) else _NO_EAP
    valid_until = decision.valid_until if decision is not None else 0.0
    return _decided(
        attempt.now,
        tag,
        client.school,
        attempt.source[0],
        client.network,
        eap.user or arrival.user_name,
        principal.subject if principal is not None else "",
        principal.role if principal is not None else "",
        arrival.mac,
        arrival.ssid,
        arrival.access_point,
        proof.method if proof is not None else "",
        decision.rule if decision is not None else "",
        decision.policy if decision is not None else "",
        conclusion.causes,
        vlan,
        seconds,
        valid_until if valid_until != _FOREVER else 0.0,
        took,
        eap.outer,
        eap.inner,
        eap.tls,
        eap.resumed,
        eap.detail,
        eap.rounds,
        conclusion.from_cache,
        login,
        counts,
    )

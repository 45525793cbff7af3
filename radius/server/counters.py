"""What a worker counts: plain integers, added to on the packet's way and read when somebody asks."""

from policies.value import fields_of


class Counters:
    """Each counter is a number of datagrams since the worker started, unless its name says otherwise."""

    __slots__ = (
        "accepts",
        "access_requests",
        "accounting",
        "accounting_incomplete",
        "accounting_unstored",
        "bad_authenticator",
        "bad_message_authenticator",
        "delayed_rejects_full",
        "duplicates",
        "eap_abandoned",
        "eap_challenges",
        "eap_full_device",
        "eap_full_nas",
        "eap_full_worker",
        "eap_ignored",
        "eap_late",
        "eap_restarted",
        "eap_stale",
        "eap_state_elsewhere",
        "eap_state_foreign",
        "eap_stateless",
        "faults",
        "handed_over",
        "handover_full",
        "in_work_dropped",
        "kernel_drops",
        "longest_stall_ms",
        "malformed",
        "message_authenticator_missing",
        "node_away",
        "node_full",
        "node_replies",
        "node_sent",
        "node_taken",
        "node_unproved",
        "proxy_state_unprotected",
        "rejects",
        "requests",
        "send_failures",
        "shed_full",
        "shed_old",
        "shed_stopping",
        "silences",
        "status_server",
        "unexpected_code",
        "unknown_client",
    )

    accepts: int  # Access-Accepts sent
    accounting: int  # Accounting-Responses sent, each after its record was on the disk
    accounting_incomplete: int  # without Acct-Status-Type or Acct-Session-Id: silence
    accounting_unstored: int  # met with silence because the journal is full or failing, or too many wait for it
    bad_authenticator: int  # Accounting-Requests whose Request Authenticator was not made with a secret of ours
    access_requests: int  # of them, Access-Requests of clients that were new, for this worker and signed as they must be
    bad_message_authenticator: int  # present and not made with a secret of ours: discarded, RFC 3579 section 3.2
    delayed_rejects_full: int  # rejects that no longer fitted into the delay queue: silence
    duplicates: int  # answered with the same octets again, RFC 5080 section 2.2.2
    eap_abandoned: int  # conversations whose device stopped answering
    eap_challenges: int  # Access-Challenges sent
    eap_full_device: int  # conversations not begun because the device had too many: silence
    eap_full_nas: int  # the same for its access point
    eap_full_worker: int  # the same for the worker's table
    eap_ignored: int  # EAP packets that the conversation discarded, such as with a wrong identifier
    eap_late: int  # answers to conversations that are over: a reject, so that the device starts over
    eap_restarted: int  # answers to a worker that is gone: the same
    eap_stale: int  # answers to an earlier round, or to another client's conversation
    eap_state_elsewhere: int  # State of another node: silence
    eap_state_foreign: int  # State that this installation did not write: silence
    eap_stateless: int  # EAP answers without State that begin nothing: silence
    faults: int  # requests on which our own code failed: silence and a log line
    handed_over: int  # to the worker that owns the device
    handover_full: int  # could not be handed over: silence, the NAS repeats
    in_work_dropped: int  # repeated while the first is still in work
    kernel_drops: int  # thrown away by the kernel, because a socket's buffer was full
    longest_stall_ms: int  # longest time for which the loop did not come round, in milliseconds
    malformed: int
    message_authenticator_missing: int  # required and absent: discarded
    node_away: int  # State of a node that does not answer: a reject, so that the device starts over
    node_full: int  # could not be sent to the node whose State it was: silence
    node_replies: int  # of other nodes, passed on to the access point that asked here
    node_sent: int  # passed on to the node whose State it was
    node_taken: int  # passed on to us by another node
    node_unproved: int  # on the nodes' port, and not from one of ours, or too old, or seen before
    proxy_state_unprotected: int  # Proxy-State without Message-Authenticator: discarded (CVE-2024-3596)
    rejects: int
    requests: int  # datagrams read
    send_failures: int
    shed_full: int  # under overload, no room left for new requests: silence
    shed_old: int  # under overload, waited for longer than its access point does: silence
    shed_stopping: int  # new requests while the server stops: silence, so that the access point asks another
    silences: int  # decisions that end in silence, such as a directory that is away
    status_server: int
    unexpected_code: int  # codes that this port does not take
    unknown_client: int

    def __init__(self) -> None:
        for name in fields_of(self):
            setattr(self, name, 0)

    def read(self) -> dict[str, int]:
        """All counters by name."""
        return {name: getattr(self, name) for name in fields_of(self)}


MAXIMA = frozenset({"longest_stall_ms"})  # the others are counts

DISCARDS = {  # what is met with silence, in words for the log
    "accounting_incomplete": "accounting records without Acct-Status-Type or Acct-Session-Id",
    "accounting_unstored": "accounting records that could not be stored (is the journal's disk full?); they are sent again",
    "bad_authenticator": "accounting records with a wrong Request Authenticator (is the shared secret the same on both sides?)",
    "malformed": "malformed",
    "unknown_client": "from unknown clients (see 'kapija client unknown')",
    "bad_message_authenticator": "with a wrong Message-Authenticator (is the shared secret the same on both sides?)",
    "message_authenticator_missing": "without the Message-Authenticator that their access point must send",
    "proxy_state_unprotected": "with Proxy-State and without Message-Authenticator",
    "unexpected_code": "with a code that this port does not take",
    "handover_full": "that did not fit into another worker's inbox",
    "delayed_rejects_full": "rejects that did not fit into the delay queue",
    "eap_full_device": "that would have begun too many conversations for one device",
    "eap_full_nas": "that would have begun too many conversations for one access point",
    "eap_full_worker": "that would have begun more conversations than a worker holds (devices that leave them open?)",
    "eap_ignored": "whose EAP packet did not belong where its conversation was",
    "eap_stale": "with the State of an earlier round or of another client's conversation",
    "eap_state_elsewhere": "with the State of another node (does a balancer split conversations between nodes?)",
    "eap_state_foreign": "with a State that no node of this installation wrote",
    "eap_stateless": "with an EAP answer in the middle of a conversation and without State",
    "kernel_drops": "that the kernel threw away because they came faster than they were read",
    "node_full": "that could not be passed on to another node",
    "node_unproved": "on the nodes' port that no node of ours has sent just now",
    "shed_full": "that found no room because too many came",
    "shed_old": "that had waited for too long because too many came",
    "faults": "on which Kapija itself failed",
}


def discarded(before: dict[str, int], now: dict[str, int]) -> str:
    """One line on what was met with silence between two readings, "" when nothing was."""
    rose = {name: now[name] - before[name] for name in DISCARDS if now[name] > before[name]}
    return ", ".join(f"{count} {DISCARDS[name]}" for name, count in rose.items())

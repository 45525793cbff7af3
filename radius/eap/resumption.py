"""What was proved when a TLS session began, so that the session can be resumed: kept by each worker, bounded, for a day.

A resumed handshake proves only that the peer knows the session's secret. Whether that session ever ended in a success, of
which method and for whom, stands here, under the hash of the secret (CVE-2017-9148: servers believed any session). Nothing
is believed without asking again: the account's version is compared, the certificate is judged anew.
"""

from collections import OrderedDict
from collections.abc import Iterable

from msgspec import Struct

from policies.access import Method
from radius.pki.facts import CertificateFacts

LIFETIME = 86_400.0  # seconds
AT_MOST = 50_000  # records in a worker, about 40 MB when each has a certificate of its own
LARGEST = 10_000  # octets of certificates in a record: four are seldom more, and a device may send 64 KB


class Remembrance(Struct, frozen=True, gc=False):
    """What one session proved.

    `identity` is who it was in the tunnel, or the name that the account was found by; `outer` the identity outside; `version`
    the account's, as the directory gave it. With a client certificate, `certificate` are its facts and `intermediates` what
    the peer sent besides it (DER): a session ticket carries only the certificate itself. `proved_at` is when it was all
    proved (seconds since the epoch); a session that is renewed in resumption keeps it. `inside` is the chain (DER) of the
    certificate that proved it inside the tunnel, () where a password did.
    """

    method: Method
    identity: str
    outer: str
    inner: str
    version: bytes
    proved_at: float
    certificate: CertificateFacts | None = None
    intermediates: tuple[bytes, ...] = ()
    inside: tuple[bytes, ...] = ()


class Resumptions:
    """Remembrances under the hashes of session secrets. `lifetime` in seconds; the oldest go when there are `at_most`."""

    def __init__(self, lifetime: float = LIFETIME, at_most: int = AT_MOST) -> None:
        self._lifetime = lifetime
        self._at_most = at_most
        self._records: OrderedDict[bytes, Remembrance] = OrderedDict()

    def remember(self, secrets: Iterable[bytes], remembrance: Remembrance) -> None:
        """After the full success of a conversation, and only then. `secrets` are TlsServer.session_secrets(). A record with
        more than LARGEST octets of certificates is not kept: such a session is one of which nothing is known."""
        if sum(map(len, remembrance.intermediates + remembrance.inside)) > LARGEST:
            return
        for secret in secrets:
            self._records[secret] = remembrance
            self._records.move_to_end(secret)
        while len(self._records) > self._at_most:
            self._records.popitem(last=False)

    def recall(self, secret: bytes | None, method: Method, now: float) -> Remembrance | None:
        """What the session with this secret proved by this method within the lifetime; None for anything else."""
        found = self._records.get(secret) if secret is not None else None
        if found is None or found.method is not method:
            return None
        if not 0 <= now - found.proved_at < self._lifetime:
            del self._records[secret]  # type: ignore[arg-type]  # found under it
            return None
        return found

    def forget(self, secret: bytes) -> None:
        """It held no longer: the account changed, or it was refused."""
        self._records.pop(secret, None)

    def __len__(self) -> int:
        return len(self._records)

"""Whose fault it is, told by the type: the peer's, the service's, or the operator's.

Each edge has one mapping: on the wire a PeerError is discarded and counted, a ServiceError is silence (so that the NAS
fails over); on the command line an OperatorError is one sentence and exit status 1.
"""


class KapijaError(Exception):
    """Base of every error that Kapija raises on purpose."""


class PeerError(KapijaError):
    """What came over the wire is wrong. The datagram is discarded in silence and counted (RFC 2865 section 3)."""


class MalformedPacket(PeerError):  # noqa: N818 - the standard's word
    """Octets that are no RADIUS packet. The only exception a decoder in radius.wire raises."""


class ServiceError(KapijaError):
    """Something of ours is away or full. Never answered with a reject."""


class OperatorError(KapijaError):
    """An operator can mend it: one sentence that says where it is wrong and how to mend it."""


class SettingsError(OperatorError):
    """The settings file, the environment or the home directory is not as it must be."""


class NotFound(OperatorError):  # noqa: N818
    """No school, client, person, device or policy has that name."""

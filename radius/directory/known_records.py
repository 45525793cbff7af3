"""What is kept of an account that a directory told about: sealed, in the node's file (radius.store.known_file).

MessagePack arrays; a field is only ever added at the end, with a default.
"""

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder


class FactsRecord(Struct, frozen=True, gc=False, array_like=True):
    """Under the name that was asked for: whose it is, what policy needs of her, the account's version, and when the directory
    said so (seconds since the epoch)."""

    subject: str
    name: str
    role: str
    groups: tuple[str, ...]
    school: str
    ownership: str
    version: bytes
    at: float


class ProofRecord(Struct, frozen=True, gc=False, array_like=True):
    """Under the subject: the keyed verifier of the password that held last (never the password), when, and the account's
    version at that time."""

    verifier: bytes
    version: bytes
    at: float


encode = Encoder().encode
decode_facts = Decoder(FactsRecord).decode
decode_proof = Decoder(ProofRecord).decode

"""The TLS Contexts of EAP-TLS, PEAP and EAP-TTLS: made once by the supervisor, inherited by the workers with their ticket keys.

A Context cannot change once it was used, so new certificates mean new Contexts and new workers. Nothing in them decides
whom to trust: a client's certificate is taken whatever it is, and radius.pki judges it after the handshake, full and resumed
alike, so that a new revocation list or a school's new CA needs no new Context.

Resumption rests on what OpenSSL does with sessions: `radius.eap.tls_trial.trial` tries exactly that, and the supervisor
switches resumption off (`resume=False`) with an alarm when it behaves otherwise.
"""

from collections.abc import Sequence
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct
from OpenSSL import SSL

from radius.secret import Secret

LIFETIME = 86_400  # seconds: tomorrow morning's login resumes today's

# TLS 1.2: forward secrecy alone; AEAD first, and CBC for what is older than ten years. AES-128 before AES-256, as RFC 9325
# section 4.2 recommends, because its suites hash with SHA-256, which processors know by themselves: a full login costs 3 to
# 5 % less. Groups stay OpenSSL's: X25519 costs a tenth less than P-256 (measured), and a TLS 1.3 client that guessed another
# group than ours would need one more round.
_CIPHERS = b"ECDHE+AES128+AESGCM:ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES"
_CIPHERS_OF_1_3 = b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

_VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}


class ServerCertificate(Protocol):
    """What radius.pki loads: a chain in DER, the server's own first, and its private key (PKCS#8 PEM)."""

    @property
    def chain(self) -> tuple[bytes, ...]: ...
    @property
    def key(self) -> Secret: ...


class TlsContexts(Struct, frozen=True):
    """One Context for each use. Each has its session id context, so that no session of one is resumed in another.

    `peap_certified` and `ttls_certified` ask for a client certificate besides the inner method; `inner_tls` is EAP-TLS inside
    a tunnel, which is never resumed (the tunnel is).
    """

    tls: SSL.Context
    peap: SSL.Context
    ttls: SSL.Context
    peap_certified: SSL.Context
    ttls_certified: SSL.Context
    inner_tls: SSL.Context

    def for_worker(self, incarnation: bytes) -> None:
        """Called once in each worker before its first conversation, with octets (1 to 16) that no other worker ever had.

        Sessions belong to this worker from then on: what another one (or a predecessor) gave out is met with a full handshake
        and not with a session whose proof nobody here remembers.
        """
        for name in self.__struct_fields__:
            context: SSL.Context = getattr(self, name)
            context.set_session_id(name.encode() + b":" + incarnation[:16])


def make_contexts(
    certificates: Sequence[ServerCertificate], resume: bool = True, lifetime: int = LIFETIME, minimum: str = "1.2"
) -> TlsContexts:
    """Contexts with these certificates (one RSA, one EC, or both). `lifetime` of a session in seconds; `minimum` is the lowest
    version of TLS, "1.2" or "1.3".

    Raises ValueError or OpenSSL.SSL.Error when a key is not its certificate's; radius.pki has checked that before.
    """
    loaded = [load(certificate) for certificate in certificates]
    if not loaded:
        raise ValueError("TLS needs a certificate")

    def make(name: str, client_certificate: bool, resumable: bool = resume) -> SSL.Context:
        return _make(loaded, name.encode(), client_certificate, lifetime if resumable else 0, _VERSIONS[minimum])

    return TlsContexts(
        tls=make("tls", client_certificate=True),
        peap=make("peap", client_certificate=False),
        ttls=make("ttls", client_certificate=False),
        peap_certified=make("peap_certified", client_certificate=True),
        ttls_certified=make("ttls_certified", client_certificate=True),
        inner_tls=make("inner_tls", client_certificate=True, resumable=False),
    )


PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Loaded = tuple[list[x509.Certificate], PrivateKey]


def load(certificate: ServerCertificate) -> Loaded:
    """The certificates and the key, read. Raises ValueError."""
    chain = [x509.load_der_x509_certificate(each) for each in certificate.chain]
    key = load_pem_private_key(certificate.key.reveal(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("a server's key is RSA or EC")
    return chain, key


def _make(loaded: list[Loaded], session_context: bytes, client_certificate: bool, lifetime: int, minimum: int) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(minimum)
    context.set_cipher_list(_CIPHERS)
    context.set_tls13_ciphersuites(_CIPHERS_OF_1_3)
    context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # 14 KB instead of 60 KB for an open conversation
    _use_certificates(context, loaded)
    if client_certificate:
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _take_it)
    context.set_session_id(session_context)
    if lifetime:
        context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
        context.set_timeout(lifetime)
    else:
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_options(SSL.OP_NO_TICKET)
    return context


def _use_certificates(context: SSL.Context, loaded: list[Loaded]) -> None:
    """OpenSSL keeps one certificate for each kind of key, and one list of intermediates for all: a peer leaves aside those
    that it does not need. A root is not sent: who trusts it has it, and without it the flight of a P-256 certificate often
    is one packet."""
    intermediates: dict[bytes, x509.Certificate] = {}
    for chain, key in loaded:
        context.use_certificate(chain[0])
        context.use_privatekey(key)
        context.check_privatekey()
        for certificate in chain[1:]:
            if certificate.issuer != certificate.subject:
                intermediates.setdefault(certificate.fingerprint(SHA256()), certificate)
    for certificate in intermediates.values():
        context.add_extra_chain_cert(certificate)


def _take_it(connection: SSL.Connection, certificate: object, error: int, depth: int, ok: int) -> bool:
    """Any certificate will do here: radius.pki judges it when the handshake is over. Must not raise."""
    return True

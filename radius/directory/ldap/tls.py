"""The TLS of LDAPS and StartTLS (RFC 4513 section 3): the server's certificate is checked with its dates and its name.

The check is OpenSSL's, during the handshake, by name or by address as the URL or `server_name` has it; ldap3's own, which comes
after the handshake and knows only names, is not used.
"""

import os
import ssl
from typing import Final

from radius.errors import OperatorError
from radius.secret import Secret


def client_context(ca: str, client_certificate: str, client_key: Secret | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, trusting the authorities of `ca` (PEM; "" the system's), showing the client certificate if any.

    Raises OperatorError with the place and the mend.
    """
    try:
        context = ssl.create_default_context(cadata=ca or None)
    except ssl.SSLError as error:
        raise OperatorError(f"ca: cannot be read as PEM certificates ({reason(error)})") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if client_certificate:
        if not client_key:
            raise OperatorError("client_certificate has no key; give it as the secret 'client_key'")
        _load(context, client_certificate, client_key)
    return context


def reason(error: OSError) -> str:
    """What went wrong on a socket, in words for an administrator: OpenSSL's without its codes."""
    if isinstance(error, TimeoutError):
        return "no whole answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLEOFError):
        return "the server closed the connection"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return (error.strerror or str(error)).lower()


def _load(context: ssl.SSLContext, certificate: str, key: Secret) -> None:
    """Python takes a key from a file alone: it gets one in memory, which no disk and no other process sees."""
    file: Final = os.memfd_create("kapija-ldap-client", os.MFD_CLOEXEC)
    try:
        os.write(file, certificate.encode() + b"\n" + key.reveal())
        context.load_cert_chain(f"/proc/self/fd/{file}", password=lambda: b"")
    except (OSError, ssl.SSLError):
        raise OperatorError(
            "client_certificate and the secret 'client_key' do not go together: both are PEM, and the key has no password"
        ) from None
    finally:
        os.close(file)

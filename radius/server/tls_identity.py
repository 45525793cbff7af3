"""The server's TLS contexts as the supervisor keeps them: made before workers are forked, made anew when a certificate changes.

A certificate that cannot be used changes nothing: the contexts of the one before stay, and the log says what is wrong, once.
"""

import logging

from OpenSSL import SSL

from radius.eap.tls_contexts import TlsContexts, make_contexts
from radius.eap.tls_trial import trial
from radius.errors import KapijaError
from radius.pki.server_certificates import HOW_TO_GET_ONE, fingerprint_of_files, load_server_certificates
from radius.settings import Home

log = logging.getLogger(__name__)


class TlsIdentity:
    """`contexts` are those in force; None while there is no certificate that could be used, and then no method that needs TLS
    is offered."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._seen = b""
        self.contexts: TlsContexts | None = None

    def use(self, home: Home) -> None:
        """Its settings are others from now on: the next look makes contexts anew."""
        self._home, self._seen = home, b""

    def look(self) -> bool:
        """Whether there is something new to serve with. Costs two calls of stat when there is not."""
        found = fingerprint_of_files(self._home)
        if found == self._seen:
            return False
        self._seen = found
        try:
            contexts = self._make()
        except (KapijaError, ValueError, SSL.Error) as error:
            log.error(
                "the server's new certificate cannot be used, %s: %s ('kapija pki lint' says more)", self._so_far(), error
            )
            return False
        if contexts is None:
            log.warning("there is no server certificate, %s: %s", self._so_far(), HOW_TO_GET_ONE)
            return False
        self.contexts = contexts
        return True

    def _so_far(self) -> str:
        if self.contexts is None:
            return "so of 802.1X nothing that needs TLS is served"
        return "and the one before stays in force until the server stops"

    def _make(self) -> TlsContexts | None:
        certificates = load_server_certificates(self._home)
        if not certificates:
            return None
        eap = self._home.settings.eap
        fault = trial(certificates) if eap.resumption else ""
        if fault:
            log.error(
                "sessions are not resumed, so each login costs a full handshake: this OpenSSL does not do it safely (%s)", fault
            )
        return make_contexts(certificates, eap.resumption and not fault, eap.resumption_hours * 3600, eap.tls_minimum)

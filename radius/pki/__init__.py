"""Certificates: the server's own, the ones that clients show, the authorities behind both, revocation."""

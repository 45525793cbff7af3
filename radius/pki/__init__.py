"""Certificates: the server's own, the ones that clients show, the authorities behind both, revocation.

    pki/
      ca.pem              our own authority: its certificate and its sealed key in one file, 0600
      server-ec.pem       the server's certificate and chain, leaf first, and its sealed key in one file, 0600
      server-rsa.pem      the same with an RSA key, for devices that know no elliptic curves; either or both
      trust/national/     authorities whose client certificates hold at every school (*.pem, *.crt, *.cer, *.der)
      trust/SCHOOL/       the same for one school's access points and accounts
      crl/                revocation lists (*.crl, *.pem, *.der)

Certificate and key are one file, so that one rename changes both. Why it is so: docs/adr/0007-certificates.md.
"""

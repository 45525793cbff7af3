"""A server for tests of the TLS methods: certificates, trust, a directory with ana in it, and the three methods on offer."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from msgspec import Struct
from msgspec.structs import replace

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import Answer, Question
from radius.eap.authentication import Authentication
from radius.eap.eap_tls import eap_tls, inner_eap_tls
from radius.eap.gtc import gtc
from radius.eap.md5 import md5
from radius.eap.method import EapContext, EapType
from radius.eap.mschapv2 import mschapv2
from radius.eap.peap import peap
from radius.eap.resumption import Resumptions
from radius.eap.steps import Offer
from radius.eap.tls_contexts import make_contexts
from radius.eap.tls_phase import TunnelRules
from radius.eap.ttls import ttls
from radius.pki.facts import CertificateFacts
from radius.pki.making import Made, make_ca, make_client_certificate, make_server_certificate
from radius.pki.server_certificates import ServerCertificate
from radius.pki.trust import TrustStore
from tests.fakes.eap_peer import answering
from tests.fakes.school_house import NOW, SchoolHouse
from tests.fakes.tls_peer import PEAP, TLS, TTLS, TlsPeer, Wire


class Papers(Struct, frozen=True):
    """Certificates, made once for all tests: they take milliseconds each."""

    ca: Made
    other_ca: Made
    server: ServerCertificate
    ana: Made
    boris: Made
    stranger: Made


def _key(made: Made) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(made.key.reveal(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


@cache
def papers() -> Papers:
    ca, other = make_ca("CA of the school", NOW), make_ca("CA of nobody", NOW)
    server = make_server_certificate(ca.certificate, _key(ca), ["radius.example.test"], NOW)
    return Papers(
        ca,
        other,
        ServerCertificate(tuple(each.certificate.public_bytes(Encoding.DER) for each in (server, ca)), server.key),
        make_client_certificate(ca.certificate, _key(ca), "ana", "laptop", NOW),
        make_client_certificate(ca.certificate, _key(ca), "boris", "phone", NOW),
        make_client_certificate(other.certificate, _key(other), "ana", "laptop", NOW),
    )


class TlsHouse:
    """One worker: its Contexts and what it remembers. `sentence` is a cause that the trust gives for every certificate."""

    def __init__(self, trust_files: Path, rules: TunnelRules | None = None) -> None:
        national = trust_files / "trust" / "national"
        national.mkdir(parents=True, exist_ok=True)
        (national / "ca.pem").write_bytes(papers().ca.certificate.public_bytes(Encoding.PEM))
        (trust_files / "crl").mkdir(exist_ok=True)
        self.store = TrustStore(trust_files / "trust", trust_files / "crl")
        self.store.refresh()
        self.sentence: Cause | None = None
        self.school_of_ca = ""
        self.no_longer_inside: tuple[int, ...] = ()
        self.checked: list[tuple[bytes, ...]] = []
        self.rules = rules or TunnelRules()
        self.house = SchoolHouse()
        self.house.add_person("ana", "lozinka", "student")
        self.house.add_person("boris", "druga", "student")
        self.ask: Callable[[Question], Answer] = answering(self.house)
        self.contexts = make_contexts([papers().server])
        self.contexts.for_worker(b"worker 1")
        self.resumptions = Resumptions()
        self.now = NOW

    def check(self, chain: tuple[bytes, ...], school: str, now: float) -> CertificateFacts | Cause:
        """Keeps Trust."""
        self.checked.append(chain)
        facts = self.sentence or self.store.check(chain, school, now)
        return facts if isinstance(facts, Cause) else replace(facts, school=self.school_of_ca)

    def offers(self) -> dict[int, Offer]:
        inner = [
            Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, mschapv2),
            Offer(EapType.GTC, Method.EAP_GTC, gtc),
            Offer(EapType.MD5, Method.EAP_MD5, md5),
            Offer(EapType.TLS, Method.EAP_TLS, inner_eap_tls(self.contexts, self)),
        ]
        inner = [offer for offer in inner if offer.eap_type not in self.no_longer_inside]
        tunnel = (self.contexts, self, self.resumptions, self.rules, inner)
        return {
            TLS: Offer(EapType.TLS, Method.EAP_TLS, eap_tls(self.contexts, self, self.resumptions)),
            PEAP: Offer(EapType.PEAP, Method.PEAP, peap(*tunnel)),
            TTLS: Offer(EapType.TTLS, Method.TTLS, ttls(*tunnel)),
        }

    def wire(self, kind: int, mtu: int = 1_000) -> Wire:
        """A conversation of that type, before its first packet."""
        context = EapContext("", os.urandom, mtu, school="os-primer")
        return Wire(Authentication([self.offers()[kind]], context), self.ask, self.now)

    def login(self, peer: TlsPeer, mtu: int = 1_000) -> Wire:
        """A whole conversation with that device."""
        wire = self.wire(peer.kind, mtu)
        peer.logs_in(wire)
        return wire

    def still_serves(self) -> None:
        """Whatever a device did: the next one gets in."""
        self.rules, self.sentence, self.school_of_ca = TunnelRules(), None, ""
        self.ask = answering(self.house)
        assert self.login(TlsPeer(PEAP)).success.method is Method.PEAP

    def become_another_worker(self) -> None:
        """The successor has the same ticket keys, because it inherits the same Contexts, and remembers nothing."""
        for name in self.contexts.__struct_fields__:
            getattr(self.contexts, name)._used = False  # as it is in a process that has just been forked
        self.contexts.for_worker(b"worker 2")
        self.resumptions = Resumptions()

    def change_password(self, name: str, password: str) -> None:
        former = self.house.records.people[name]
        self.house.add_person(name, password, "student")
        self.house.records.people[name] = replace(self.house.records.people[name], id=former.id)

"""Which EAP methods are offered to whom: [eap] and its [[eap.offer]]s in kapija.toml, made into methods when first needed.

A method is offered only if a directory of hers can check what it brings, and TLS methods only while there is a certificate. The
first offer whose realm, network and client all fit is taken; the order of its methods is the order in which they are tried.
Realms are those of outer identities, so whoever is of a realm that an offer names must say so outside the tunnel too.
"""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Protocol

from msgspec import Struct

from policies.access import Method
from radius.directory.question import (
    ChapResponse,
    MsChap2Response,
    MsChapResponse,
    PlainPassword,
    VerifiedCertificate,
)
from radius.eap.eap_tls import eap_tls, inner_eap_tls
from radius.eap.gtc import gtc
from radius.eap.identity import parse, same_realm
from radius.eap.md5 import md5
from radius.eap.method import EapType
from radius.eap.mschapv2 import mschapv2
from radius.eap.peap import peap
from radius.eap.resumption import Resumptions
from radius.eap.steps import Offer, Offered
from radius.eap.tls_contexts import TlsContexts
from radius.eap.tls_phase import TunnelRules
from radius.eap.ttls import ttls
from radius.pki.facts import Trust
from radius.settings import EapSettings, OfferSettings

_BRINGS = {  # what the directory must be able to check
    "pap": PlainPassword,
    "chap": ChapResponse,
    "mschap": MsChapResponse,
    "mschapv2": MsChap2Response,
    "eap-gtc": PlainPassword,
    "eap-md5": ChapResponse,
    "eap-mschapv2": MsChap2Response,
    "eap-tls": VerifiedCertificate,
}
_BARE = {
    "eap-mschapv2": Offer(EapType.MSCHAPV2, Method.EAP_MSCHAPV2, mschapv2),
    "eap-gtc": Offer(EapType.GTC, Method.EAP_GTC, gtc),
    "eap-md5": Offer(EapType.MD5, Method.EAP_MD5, md5),
}
_NO_EXCEPTION = OfferSettings(realm="")  # changes nothing of [eap]


class Tls(Struct, frozen=True):
    """What the TLS methods of one worker share."""

    contexts: TlsContexts
    trust: Trust
    resumptions: Resumptions


class Named(Protocol):
    """A directory, as a coordinator knows it."""

    @property
    def name(self) -> str:
        """Its short name."""


class Checks(Protocol):
    """Who can check what (radius.directory.chain)."""

    def checks_for(self, identity: str, school: str) -> frozenset[type]:
        """The kinds of credential that can be checked for an outer identity at a school's access point."""

    def served_by(self, identity: str, school: str) -> Sequence[Named]:
        """The external directories on which that depends; none where it is local accounts."""


class Offers:
    """The offers of one worker. `tls` is None while the server has no certificate."""

    def __init__(self, settings: EapSettings, checks: Checks, tls: Tls | None) -> None:
        self._settings = settings
        self._checks = checks
        self._realms = frozenset(offer.realm for offer in settings.offer if offer.realm is not None)
        self._tls = tls
        self._exceptions = [(_Fits(offer), offer) for offer in settings.offer]
        self._made: dict[tuple[int, frozenset[type]], tuple[Offer, ...]] = {}

    def choose(self, identity: str, ssid: str, address: str, school: str) -> Offered:
        """The methods for an outer identity, in a network of that name, behind a client with that address and school."""
        at, chosen = -1, _NO_EXCEPTION
        for number, (fits, offer) in enumerate(self._exceptions):
            if fits(identity, ssid, address):
                at, chosen = number, offer
                break
        kinds = self._checks.checks_for(identity, school)
        made = self._made.get((at, kinds))
        if made is None:
            made = self._made[at, kinds] = self._make(chosen, kinds)
        return Offered(made, "" if MsChap2Response in kinds else self._withheld(identity, school))

    def _withheld(self, identity: str, school: str) -> str:
        """Why MS-CHAPv2, which most devices try first, is not offered."""
        names = [directory.name for directory in self._checks.served_by(identity, school)]
        whose = f"the realm {parse(identity).realm}" if parse(identity).realm else "names without a realm"
        return f"MS-CHAPv2 is not offered for {whose}, because the directory ({', '.join(names)}) cannot check it"

    def _make(self, offer: OfferSettings, kinds: frozenset[type]) -> tuple[Offer, ...]:
        settings = self._settings
        methods = settings.methods if offer.methods is None else offer.methods
        named = settings.inner if offer.inner is None else offer.inner
        inner: list[str] = [name for name in named if _BRINGS[name] in kinds]
        rules = TunnelRules(
            client_certificate=_or(offer.require_client_certificate, settings.require_client_certificate),
            crypto_binding=_or(offer.require_crypto_binding, settings.require_crypto_binding),
            any_inner_realm=_or(offer.allow_realm_mismatch, settings.allow_realm_mismatch),
            realms=self._realms,
            passwords=frozenset(inner),
        )
        made = (self._offer(method, inner, rules, kinds) for method in methods)
        return tuple(offer for offer in made if offer is not None)

    def _offer(self, method: str, inner: list[str], rules: TunnelRules, kinds: frozenset[type]) -> Offer | None:
        """One method, or None where it could not end well."""
        tls = self._tls
        if method in _BARE:
            return _BARE[method] if _BRINGS[method] in kinds else None
        if tls is None:
            return None
        if method == Method.EAP_TLS:
            if VerifiedCertificate not in kinds:
                return None
            return Offer(EapType.TLS, Method.EAP_TLS, eap_tls(tls.contexts, tls.trust, tls.resumptions))
        inside = self._inside(inner, tls)
        if method == Method.PEAP:
            if not inside:
                return None
            return Offer(EapType.PEAP, Method.PEAP, peap(tls.contexts, tls.trust, tls.resumptions, rules, inside))
        if not inner:
            return None
        return Offer(EapType.TTLS, Method.TTLS, ttls(tls.contexts, tls.trust, tls.resumptions, rules, inside))

    def _inside(self, inner: list[str], tls: Tls) -> list[Offer]:
        """The EAP methods inside a tunnel; the passwords of EAP-TTLS are no EAP methods."""
        within_tls = Offer(EapType.TLS, Method.EAP_TLS, inner_eap_tls(tls.contexts, tls.trust))
        known = {**_BARE, "eap-tls": within_tls}
        return [known[name] for name in inner if name in known]


class _Fits:
    """Whether an offer is for somebody."""

    def __init__(self, offer: OfferSettings) -> None:
        self._realm = offer.realm
        self._ssid = offer.ssid
        self._network = ip_network(offer.client) if offer.client is not None else None

    def __call__(self, identity: str, ssid: str, address: str) -> bool:
        if self._ssid is not None and ssid != self._ssid:
            return False
        if self._realm is not None and not same_realm(parse(identity).realm, self._realm):
            return False
        return self._network is None or ip_address(address.partition("%")[0]) in self._network


def _or(exception: bool | None, usual: bool) -> bool:
    return usual if exception is None else exception

"""The matrix as data: who logs in, by which methods and TLS version, full and resumed, in fragments of which size; who fails.

What is here is neutral: the same cases run against Kapija, FreeRADIUS and hostapd's own server, so that a failure is ours.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product

from radius.audit.causes import Cause


@dataclass(frozen=True)
class User:
    """Somebody whom every server knows."""

    name: str
    password: str


ANA = User("ana.anic", "lozinka za sve 17")
DJORDJE = User("ђорђе.пример", "лозинка-Ђорђа-7 €")  # Serbian Cyrillic, and a sign of three octets
PETAR = User("petar.peric", "petrova-lozinka-3")  # gets it wrong; on his account nobody else's success depends
USERS = (ANA, DJORDJE, PETAR)
CERTIFICATE_OF = {ANA.name: "user0", DJORDJE.name: "user1", PETAR.name: "user2"}

NONE = "none"  # no client certificate where one is asked for
ANONYMOUS = "anonymous"
ANONYMOUS_WITH_CERTIFICATE = "anonymous@certificate.test"  # whoever says so outside must also show a client certificate


@dataclass(frozen=True)
class Method:
    """An EAP method as wpa_supplicant's configuration names it. `phase2` is what runs in the tunnel.

    `certificate` says where the client certificate is shown: "", "outer" or "inner". Methods without `keys` end without
    MS-MPPE keys; methods without `tls` have neither TLS versions nor resumption nor fragments.
    """

    name: str
    eap: str
    phase2: str = ""
    certificate: str = ""
    keys: bool = True
    tls: bool = True

    @property
    def tunnelled(self) -> bool:
        """Whether there is an anonymous name outside and a real one inside."""
        return bool(self.phase2)


TLS_METHODS = (
    Method("tls", "TLS", certificate="outer"),
    Method("peap-mschapv2", "PEAP", "auth=MSCHAPV2"),
    Method("peap-gtc", "PEAP", "auth=GTC"),
    Method("peap-tls", "PEAP", "auth=TLS", certificate="inner"),
    Method("peap-mschapv2-certificate", "PEAP", "auth=MSCHAPV2", certificate="outer"),
    Method("ttls-pap", "TTLS", "auth=PAP"),
    Method("ttls-chap", "TTLS", "auth=CHAP"),
    Method("ttls-mschap", "TTLS", "auth=MSCHAP"),
    Method("ttls-mschapv2", "TTLS", "auth=MSCHAPV2"),
    Method("ttls-eap-mschapv2", "TTLS", "autheap=MSCHAPV2"),
    Method("ttls-eap-gtc", "TTLS", "autheap=GTC"),
    Method("ttls-eap-md5", "TTLS", "autheap=MD5"),
    Method("ttls-eap-tls", "TTLS", "autheap=TLS", certificate="inner"),
    Method("ttls-pap-certificate", "TTLS", "auth=PAP", certificate="outer"),
)
BARE_METHODS = (
    Method("mschapv2", "MSCHAPV2", tls=False),
    Method("gtc", "GTC", keys=False, tls=False),
    Method("md5", "MD5", keys=False, tls=False),
)
METHODS = {method.name: method for method in (*TLS_METHODS, *BARE_METHODS)}
PASSWORD_METHODS = tuple(method for method in METHODS.values() if method.certificate == "")

TLS_VERSIONS = ("1.2", "1.3")
FRAGMENTS = (100, 500, 1398)  # octets; 1398 is wpa_supplicant's own choice


@dataclass(frozen=True)
class Case:
    """One device's login. `server` names the server certificate; `certificate` the client's (the user's own by default).

    `tickets` lets the device use session tickets, which wpa_supplicant does not by itself; TLS 1.3 cannot resume without.
    `binding` lets it insist on PEAP's crypto-binding ("2") or leave it unanswered ("0"); by itself it answers what it gets.
    """

    method: Method
    tls: str = ""
    resumed: bool = False
    fragment: int = FRAGMENTS[-1]
    user: User = ANA
    server: str = "ec"
    tickets: bool = False
    certificate: str = ""
    binding: str = ""

    @property
    def name(self) -> str:
        """Unique in the matrix; the test's name."""
        words = [self.method.name]
        if self.method.tls:
            words += [f"tls{self.tls}", "resumed" if self.resumed else "full", f"f{self.fragment}"]
        if self.tickets and self.tls == "1.2":
            words.append("tickets")
        if self.binding:
            words.append({"0": "unbound", "2": "bound"}[self.binding])
        if self.user is not ANA:
            words.append("cyrillic" if self.user is DJORDJE else self.user.name)
        if self.server != "ec":
            words.append(self.server)
        return "-".join(words)


@dataclass(frozen=True)
class Failure:
    """A login that must fail, and the cause that must be in our audit log. The changes are to the device's configuration.

    `says` is in the device's log, so that it fails for this reason and no other; `trust` is "server", or "stranger" for the
    wrong authority; `lines` go into the network block as they are. A device that is `deaf` hears our TLS alert and says
    nothing more, so that nobody is told by an Access-Reject (RFC 5216 section 2.1.3 wants an answer to the alert).
    """

    name: str
    case: Case
    cause: Cause
    says: str = ""
    password: str = ""
    trust: str = "server"
    server_name: str = ""
    lines: tuple[str, ...] = ()
    deaf: bool = False


def full_matrix() -> list[Case]:
    """Every method x TLS version x full and resumed x fragment size; the bare methods; what a single case shows."""
    tls = [
        Case(method, version, resumed, fragment, tickets=version == "1.3")
        for method, version, resumed, fragment in product(TLS_METHODS, TLS_VERSIONS, (False, True), FRAGMENTS)
    ]
    return [*filter(_device_can, tls), *_singles()]


def _device_can(case: Case) -> bool:
    """False for what wpa_supplicant 2.10 gets wrong against every server: over TLS 1.3 it takes the acknowledgement of a
    fragment of its own for the server's next message, because its handshake, or its inner EAP-TLS, is done already."""
    fragmented_certificate = case.method.name == "ttls-pap-certificate" and case.fragment < 1398
    fragmented_twice = case.method.name == "peap-tls" and case.fragment == 100
    return case.tls != "1.3" or not (fragmented_certificate or fragmented_twice)


def pairwise_matrix() -> list[Case]:
    """The fewest cases (chosen greedily) in which any two values meet that meet in the full matrix; and the singles."""
    return [*_pairwise([case for case in full_matrix() if case.method.tls and case not in set(_singles())]), *_singles()]


def _singles() -> Iterator[Case]:
    """What needs no crossing: bare methods, names and passwords in Cyrillic, an RSA certificate, tickets with TLS 1.2."""
    for method in BARE_METHODS:
        yield Case(method)
    for method in PASSWORD_METHODS:
        yield Case(method, "1.2" if method.tls else "", user=DJORDJE)
    yield Case(METHODS["tls"], "1.2", user=DJORDJE)
    for version in TLS_VERSIONS:
        yield Case(METHODS["peap-mschapv2"], version, server="rsa", tickets=version == "1.3")
    for name in ("tls", "peap-mschapv2", "ttls-pap"):
        yield Case(METHODS[name], "1.2", resumed=True, tickets=True)
    for name, version, binding in product(("peap-mschapv2", "peap-gtc"), TLS_VERSIONS, ("0", "2")):
        yield Case(METHODS[name], version, resumed=True, tickets=version == "1.3", binding=binding)


def _pairwise(cases: list[Case]) -> list[Case]:
    left = {case: set(_pairs(case)) for case in cases}
    uncovered = set().union(*left.values())
    chosen = []
    while uncovered:
        best = max(cases, key=lambda case: len(left[case] & uncovered))
        chosen.append(best)
        uncovered -= left[best]
    return chosen


def _pairs(case: Case) -> Iterable[tuple[object, object]]:
    values = (("method", case.method.name), ("tls", case.tls), ("resumed", case.resumed), ("fragment", case.fragment))
    return combinations(values, 2)


def failures() -> list[Failure]:
    """Every way to fail that a device in a school finds."""
    return [*_wrong_passwords(), *_distrust(), *_refused_certificates(), *_refused_methods()]


def _wrong_passwords() -> Iterator[Failure]:
    for method in PASSWORD_METHODS:
        case = Case(method, "1.2" if method.tls else "", user=PETAR)
        yield Failure(f"wrong-password-{method.name}", case, Cause.WRONG_PASSWORD, password="not his password")
    for name in ("peap-mschapv2", "peap-gtc", "ttls-pap", "ttls-mschapv2", "ttls-eap-md5", "mschapv2"):
        method = METHODS[name]
        case = Case(method, "1.3" if method.tls else "", user=User("nobody.here", "whatever"))
        yield Failure(f"unknown-user-{name}", case, Cause.UNKNOWN_ACCOUNT)


def _distrust() -> Iterator[Failure]:
    """The device refuses our certificate: in TLS 1.2 inside the handshake, in TLS 1.3 when we have sent our Finished."""
    for name, version in product(("tls", "peap-mschapv2", "ttls-pap"), TLS_VERSIONS):
        case, cause, where = Case(METHODS[name], version), Cause.SERVER_NOT_TRUSTED, f"{name}-tls{version}"
        yield Failure(f"wrong-ca-{where}", case, cause, "unable to get local issuer certificate", trust="stranger")
        elsewhere = "radius.elsewhere.test"
        yield Failure(f"wrong-server-name-{where}", case, cause, "Domain suffix mismatch", server_name=elsewhere)
        case = replace(case, server="expired")
        yield Failure(f"expired-server-certificate-{where}", case, cause, "certificate has expired")


def _refused_certificates() -> Iterator[Failure]:
    refusals = {
        "expired": Cause.CERTIFICATE_EXPIRED,
        "revoked": Cause.CERTIFICATE_REVOKED,
        "revoked-authority": Cause.CERTIFICATE_REVOKED,
        "stranger": Cause.CERTIFICATE_NOT_TRUSTED,
    }
    for (kind, cause), version in product(refusals.items(), TLS_VERSIONS):
        yield Failure(f"{kind}-client-certificate-tls{version}", Case(METHODS["tls"], version, certificate=kind), cause)
    for name in ("peap-tls", "ttls-eap-tls", "peap-mschapv2-certificate"):
        case = Case(METHODS[name], "1.2", certificate="revoked")
        yield Failure(f"revoked-client-certificate-{name}", case, Cause.CERTIFICATE_REVOKED)
    for name, version in product(("peap-mschapv2-certificate", "ttls-pap-certificate"), TLS_VERSIONS):
        case = Case(METHODS[name], version, certificate=NONE)
        yield Failure(f"no-client-certificate-{name}-tls{version}", case, Cause.CERTIFICATE_MISSING, deaf=True)


def _refused_methods() -> Iterator[Failure]:
    for name, eap, phase2 in (("outside", "PWD", ""), ("peap", "PEAP", "auth=PWD"), ("ttls", "TTLS", "autheap=PWD")):
        case = Case(Method(f"pwd-{name}", eap, phase2, tls=bool(phase2)), "1.2" if phase2 else "")
        yield Failure(f"method-refused-{name}", case, Cause.METHOD_REFUSED, "EAP-Nak" if eap == "PWD" else "Nak type")
    for version, name in (("1.0", "TLSv1"), ("1.1", "TLSv1.1")):
        line = 'openssl_ciphers="DEFAULT@SECLEVEL=0"'  # Debian's OpenSSL speaks these versions at no other level
        case = Case(METHODS["peap-mschapv2"], version)
        yield Failure(f"tls{version}-only", case, Cause.TLS_VERSION, f"Using TLS version {name}\n", lines=(line,), deaf=True)

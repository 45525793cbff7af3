"""What shows only when several rows are laid side by side: a closed vocabulary, with a sentence of cause and one of cure each.

The sentences are the coordinator's. Serbian is in Cyrillic, as in radius.audit.sentences_sr; Latin is made from it.
"""

from enum import StrEnum

from radius.audit.cyrillic import to_latin
from radius.audit.sentences import Explanation, Language

Texts = tuple[str, str]


class Finding(StrEnum):
    """One code for each diagnosis that is more than the newest failure's cause (radius.audit.causes)."""

    NEVER_SEEN = "never-seen"
    COMES_IN = "comes-in"
    OLD_PASSWORD = "old-password"  # noqa: S105 - a code
    CREDENTIAL_GUARD = "credential-guard"
    LARGE_PACKETS_LOST = "large-packets-lost"
    PROMPT_UNANSWERED = "prompt-unanswered"
    SERVER_CERTIFICATE = "server-certificate"
    UNEXPLAINED = "unexplained"


ENGLISH: dict[Finding, Texts] = {
    Finding.NEVER_SEEN: (
        "No attempt of this device has been recorded.",
        "Look on the device whether the right network is chosen and whether it uses a private or random address there, and ask "
        "'kapija client unknown' whether its access point is known.",
    ),
    Finding.COMES_IN: (
        "The device came in at its last attempt.",
        "Nothing is to be done now; if there was trouble before, the attempts before the last one say which.",
    ),
    Finding.OLD_PASSWORD: (
        "An old password is saved on this device, while the account itself is in order.",
        "Forget the network on the device, connect again and type the present password; a new one is not needed.",
    ),
    Finding.CREDENTIAL_GUARD: (
        "The device falls silent in PEAP before it has answered for its password, as Windows 11 does when Credential Guard "
        "keeps the password from it.",
        "On Windows set the device to EAP-TLS or TTLS, or switch Credential Guard off by group policy; until then, untick in "
        "this network's settings that Windows logon name and password are used automatically, and type them.",
    ),
    Finding.LARGE_PACKETS_LOST: (
        "This device and others at the same access point fall silent when the server's certificate comes, so large packets are "
        "lost on the way.",
        "Lower the access point's Framed-MTU or the MTU between the school and the server, and let firewalls pass fragments.",
    ),
    Finding.PROMPT_UNANSWERED: (
        "This device falls silent when the server's certificate comes, while others come in at the same access point, so it "
        "is the device and not the network.",
        "Look for a question about the certificate on its screen and agree if it shows the server's name, or forget the "
        "network and set it up with the school's CA certificate.",
    ),
    Finding.SERVER_CERTIFICATE: (
        "This device and others at the same access point refuse the server's certificate, so it is the certificate and not "
        "the devices.",
        "Ask 'kapija pki lint' what is wrong with it, and if it was changed lately, give the devices the new CA certificate or "
        "the server its former one.",
    ),
    Finding.UNEXPLAINED: (
        "The device did not come in, and the log gives no cause that this release knows.",
        "Read the newest row with 'kapija audit search', and update Kapija on the machine where you read it.",
    ),
}

SERBIAN: dict[Finding, Texts] = {
    Finding.NEVER_SEEN: (
        "Ниједан покушај овог уређаја није забележен.",
        "Погледајте да ли је на уређају изабрана права мрежа и да ли за њу користи приватну, то јест насумичну адресу, а "
        "командом „kapija client unknown“ да ли је његова приступна тачка позната.",
    ),
    Finding.COMES_IN: (
        "Уређај је при последњем покушају пуштен на мрежу.",
        "Сада не треба ништа да радите, а ако је раније било тешкоћа, ранији покушаји кажу каквих.",
    ),
    Finding.OLD_PASSWORD: (
        "На овом уређају је сачувана стара лозинка, а сам налог је исправан.",
        "Заборавите мрежу на уређају, повежите се поново и укуцајте важећу лозинку, јер нова није потребна.",
    ),
    Finding.CREDENTIAL_GUARD: (
        "Уређај заћути у методу PEAP пре него што потврди лозинку, као што чини Windows 11 када му Credential Guard не да "
        "лозинку.",
        "На систему Windows подесите уређај на EAP-TLS или TTLS, или групном политиком искључите Credential Guard, а дотле у "
        "подешавањима ове мреже искључите да се име и лозинка за Windows користе аутоматски, и укуцајте их.",
    ),
    Finding.LARGE_PACKETS_LOST: (
        "Овај и други уређаји на истој приступној тачки заћуте када стигне сертификат сервера, па се велики пакети губе на "
        "путу.",
        "Смањите Framed-MTU на приступној тачки или MTU између школе и сервера, и подесите заштитни зид да пропушта фрагменте.",
    ),
    Finding.PROMPT_UNANSWERED: (
        "Овај уређај заћути када стигне сертификат сервера, док други на истој приступној тачки улазе, па је до уређаја, а не "
        "до мреже.",
        "Потражите на његовом екрану питање о сертификату и потврдите ако наводи име сервера, или заборавите мрежу и подесите "
        "је са сертификатом школског издаваоца.",
    ),
    Finding.SERVER_CERTIFICATE: (
        "Овај и други уређаји на истој приступној тачки одбијају сертификат сервера, па је до сертификата, а не до уређаја.",
        "Командом „kapija pki lint“ погледајте шта му недостаје, а ако је недавно промењен, дајте уређајима сертификат новог "
        "издаваоца или вратите серверу пређашњи.",
    ),
    Finding.UNEXPLAINED: (
        "Уређај није пуштен на мрежу, а дневник не наводи узрок који ово издање познаје.",
        "Прочитајте најновији ред командом „kapija audit search“, и ажурирајте програм на рачунару на коме га читате.",
    ),
}


def explain_finding(finding: Finding, language: str) -> Explanation:
    """The sentences for `finding` in a Language; one that is not here is answered in English."""
    if language not in (Language.SERBIAN_CYRILLIC, Language.SERBIAN_LATIN):
        return Explanation(*ENGLISH[finding])
    cause, cure = SERBIAN[finding]
    if language == Language.SERBIAN_LATIN:
        return Explanation(to_latin(cause), to_latin(cure))
    return Explanation(cause, cure)

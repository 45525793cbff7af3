"""The sentences of radius.audit.answers: what the access point said or did and what to do; English, and Serbian in Cyrillic."""

Texts = tuple[str, str]

_SEND_LESS = (
    "Look whether the client's family is the right one in 'kapija client list', and update the access point's firmware."
)
_SAME = (
    "Give both sides the same secret for dynamic authorization as for authentication, and let the access point take requests "
    "from this server's address."
)
_SAME_SR = (
    "Унесите на приступној тачки исту тајну за измене сесија као за пријављивање и допустите захтеве са адресе овог сервера."
)
_SEND_LESS_SR = (
    "Проверите командом 'kapija client list' да ли је изабрана права врста приступне тачке и ажурирајте њен софтвер."
)

ENGLISH: dict[str, Texts] = {
    "done": ("The access point has done it.", "Nothing is to be done."),
    "invalid-eap-packet": ("The access point found an invalid EAP packet in the request.", _SEND_LESS),
    "unsupported-attribute": ("The access point does not support an attribute of the request.", _SEND_LESS),
    "missing-attribute": (
        "The access point misses an attribute that it needs to find the session.",
        "Switch accounting on at the access point, so that everything that names a session is known here.",
    ),
    "nas-identification-mismatch": (
        "The access point says that the request is for another one.",
        "Set the same name and address in its RADIUS settings as in its accounting, and look for address translation between.",
    ),
    "invalid-request": ("The access point could not make sense of the request.", _SEND_LESS),
    "unsupported-service": ("The access point does not support this kind of request.", _SEND_LESS),
    "unsupported-extension": (
        "The access point does not support this kind of request at all.",
        "Disable the account or device instead and let its session come to its end, or update the access point's firmware.",
    ),
    "invalid-attribute-value": (
        "The access point does not accept a value of the request.",
        "Look whether the VLAN, role or filter of the grant exists on the access point under that name.",
    ),
    "administratively-prohibited": (
        "The access point is set to refuse such requests.",
        "Switch dynamic authorization on in its RADIUS settings, and allow this server there.",
    ),
    "request-not-routable": (
        "The controller cannot pass the request on to the access point that has the session.",
        "Look whether that access point is connected to its controller.",
    ),
    "session-context-not-found": (
        "The access point has no such session any more.",
        "Look in 'kapija session list' where the device is now; an old session ends here when its interims stay away.",
    ),
    "session-context-not-removable": (
        "The access point has the session but could not end it.",
        "Try again, and restart the access point if it stays so.",
    ),
    "other-proxy-processing-error": (
        "A proxy on the way to the access point could not handle the request.",
        "Ask whoever runs the proxy for its log at this time.",
    ),
    "resources-unavailable": (
        "The access point has no room for the request at the moment.",
        "Try again in a minute.",
    ),
    "request-initiated": (
        "The access point will ask for the session's rights itself.",
        "Look in 'kapija audit tail' whether the new login has come.",
    ),
    "multiple-session-selection-unsupported": (
        "Several sessions fit the request, and the access point takes one at a time only.",
        "Switch accounting on at the access point, so that each session has its own number.",
    ),
    "refused": (
        "The access point refused without a reason that is known here.",
        "Look into the access point's own log at this time.",
    ),
    "silence": (
        "The access point did not answer.",
        "Look whether dynamic authorization is switched on at the access point for this server's address, whether its port and "
        "secret are those of 'kapija client list', and whether a firewall lets the requests through.",
    ),
    "answer-not-authentic": ("An answer came that was not made with the shared secret.", _SAME),
    "not-listening": (
        "The access point is there, but nothing listens at its port for such requests.",
        "Switch dynamic authorization on in its RADIUS settings, or set its port with 'kapija client coa-port'.",
    ),
    "unreachable": (
        "There is no way from this server to the access point's address.",
        "Look at the routes and firewalls between them.",
    ),
    "same-grant": (
        "The session has already what it would get now.",
        "Nothing is to be done.",
    ),
    "session-over": (
        "The session was over before the request was sent.",
        "Nothing is to be done.",
    ),
    "client-gone": (
        "The access point is no client here any more, so there is no secret to ask it with.",
        "Add it again with 'kapija client add', or end the session at the access point itself.",
    ),
    "session-not-named": (
        "Nothing is known that would name the session to its access point.",
        "Wait for the next accounting record, and switch accounting on at the access point.",
    ),
    "too-late": (
        "No server was there to send the request while somebody waited for it.",
        "Look whether 'kapija serve' is running, and ask again.",
    ),
}

SERBIAN: dict[str, Texts] = {
    "done": ("Приступна тачка је то урадила.", "Не треба ништа да се ради."),
    "invalid-eap-packet": ("Приступна тачка је у захтеву нашла неисправан пакет EAP.", _SEND_LESS_SR),
    "unsupported-attribute": ("Приступна тачка не подржава један податак из захтева.", _SEND_LESS_SR),
    "missing-attribute": (
        "Приступној тачки недостаје податак по коме би нашла сесију.",
        "Укључите на приступној тачки обрачун, да би овде било познато све по чему се сесија препознаје.",
    ),
    "nas-identification-mismatch": (
        "Приступна тачка каже да је захтев за неку другу.",
        "Поставите у њеним подешавањима исто име и адресу као у обрачуну и проверите да ли се адресе успут преводе.",
    ),
    "invalid-request": ("Приступна тачка није разумела захтев.", _SEND_LESS_SR),
    "unsupported-service": ("Приступна тачка не подржава ову врсту захтева.", _SEND_LESS_SR),
    "unsupported-extension": (
        "Приступна тачка уопште не подржава овакве захтеве.",
        "Искључите налог или уређај и сачекајте да сесија истекне, или ажурирајте софтвер приступне тачке.",
    ),
    "invalid-attribute-value": (
        "Приступна тачка не прихвата једну вредност из захтева.",
        "Проверите да ли VLAN, улога или филтер из правила постоје на приступној тачки под тим именом.",
    ),
    "administratively-prohibited": (
        "Приступна тачка је подешена да одбија овакве захтеве.",
        "Укључите у њеним подешавањима измене сесија и допустите их овом серверу.",
    ),
    "request-not-routable": (
        "Контролер не може да проследи захтев приступној тачки на којој је сесија.",
        "Проверите да ли је та приступна тачка повезана са својим контролером.",
    ),
    "session-context-not-found": (
        "Приступна тачка више нема ту сесију.",
        "Командом 'kapija session list' погледајте где је уређај сада; стара сесија се овде завршава кад извештаји изостану.",
    ),
    "session-context-not-removable": (
        "Приступна тачка има сесију, али није могла да је прекине.",
        "Покушајте поново, а ако се понови, поново покрените приступну тачку.",
    ),
    "other-proxy-processing-error": (
        "Посредник на путу до приступне тачке није могао да обради захтев.",
        "Затражите од онога ко води посредника његов дневник из тог времена.",
    ),
    "resources-unavailable": (
        "Приступна тачка тренутно нема места за захтев.",
        "Покушајте поново за минут.",
    ),
    "request-initiated": (
        "Приступна тачка ће сама затражити права за сесију.",
        "Командом 'kapija audit tail' погледајте да ли је стигло ново пријављивање.",
    ),
    "multiple-session-selection-unsupported": (
        "Захтеву одговара више сесија, а приступна тачка прима само једну.",
        "Укључите на приступној тачки обрачун, да би свака сесија имала свој број.",
    ),
    "refused": (
        "Приступна тачка је одбила без разлога који је овде познат.",
        "Погледајте дневник саме приступне тачке из тог времена.",
    ),
    "silence": (
        "Приступна тачка није одговорила.",
        "Проверите да ли су на њој укључене измене сесија за адресу овог сервера, да ли су порт и тајна исти као у 'kapija "
        "client list' и да ли заштитни зид пропушта захтеве.",
    ),
    "answer-not-authentic": ("Стигао је одговор који није направљен заједничком тајном.", _SAME_SR),
    "not-listening": (
        "Приступна тачка ради, али на том порту не прима овакве захтеве.",
        "Укључите у њеним подешавањима измене сесија или поставите њен порт командом 'kapija client coa-port'.",
    ),
    "unreachable": (
        "Од овог сервера нема пута до адресе приступне тачке.",
        "Проверите руте и заштитне зидове између њих.",
    ),
    "same-grant": (
        "Сесија већ има оно што би сада добила.",
        "Не треба ништа да се ради.",
    ),
    "session-over": (
        "Сесија се завршила пре него што је захтев послат.",
        "Не треба ништа да се ради.",
    ),
    "client-gone": (
        "Приступна тачка више није уписана овде, па нема тајне којом би јој се захтев послао.",
        "Упишите је поново командом 'kapija client add' или прекините сесију на самој приступној тачки.",
    ),
    "session-not-named": (
        "Није познато ништа по чему би приступна тачка препознала сесију.",
        "Сачекајте следећи извештај и укључите обрачун на приступној тачки.",
    ),
    "too-late": (
        "Ниједан сервер није био ту да пошаље захтев док га је неко чекао.",
        "Проверите да ли ради 'kapija serve' и покушајте поново.",
    ),
}

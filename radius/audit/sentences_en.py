"""The English sentences: for each cause what happened and what to do, first for the coordinator, then for a pupil."""

from radius.audit.causes import Cause

Texts = tuple[str, str, str, str]

ENGLISH: dict[Cause, Texts] = {
    Cause.WRONG_PASSWORD: (
        "The password was wrong.",
        "Let the person type it again, forget the network on the device if an old password is saved there, or set a new one.",
        "The name or the password is not right.",
        "Type both again slowly, and ask your school's coordinator for a new password if it still does not work.",
    ),
    Cause.UNKNOWN_ACCOUNT: (
        "No account has this user name.",
        "Look for a typing mistake in the name, and add the account if the person is new.",
        "The name or the password is not right.",
        "Type both again slowly, and ask your school's coordinator for a new password if it still does not work.",
    ),
    Cause.ACCOUNT_DISABLED: (
        "The account is disabled.",
        "Enable it again if the person may use the network.",
        "Your account is switched off at the moment.",
        "Ask your school's coordinator to switch it on again.",
    ),
    Cause.ACCOUNT_NOT_YET_VALID: (
        "The account's first day has not come yet.",
        "Set an earlier first day if the person may come in already.",
        "Your account is ready but not open yet.",
        "Ask your school's coordinator from which day you can use it.",
    ),
    Cause.ACCOUNT_EXPIRED: (
        "The account's last day has passed.",
        "Set a later last day if the person is still at the school.",
        "Your account has come to its end.",
        "Ask your school's coordinator to extend it.",
    ),
    Cause.UNKNOWN_DEVICE: (
        "The device is not registered.",
        "Register its MAC address, and switch off the private or random address for this network on the device.",
        "The school does not know this device.",
        "Ask your school's coordinator to register it.",
    ),
    Cause.DEVICE_DISABLED: (
        "The device is registered but disabled.",
        "Enable it again if it may use the network.",
        "This device is switched off for the school's network.",
        "Ask your school's coordinator to switch it on again.",
    ),
    Cause.DEVICE_EXPIRED: (
        "The device's registration has run out.",
        "Extend its registration if it is still in use.",
        "This device's registration has run out.",
        "Ask your school's coordinator to extend it.",
    ),
    Cause.METHOD_NOT_CHECKABLE: (
        "The account's password cannot be checked by the method that the device used.",
        "Choose PAP or another method on the device, or set the password anew so that this method can check it too.",
        "This device asks in a way that does not fit your account.",
        "Show this message to your school's coordinator, who can change the setting.",
    ),
    Cause.METHOD_NOT_SUPPORTED: (
        "The device used a method that this server does not offer.",
        "Set the device to PEAP, TTLS or TLS, or the access point to PAP, CHAP, MS-CHAPv2 or MAC authentication.",
        "This device asks in a way that the school's network does not understand.",
        "Show this message to your school's coordinator, who can change the setting.",
    ),
    Cause.NO_CREDENTIAL: (
        "The access point sent neither a password nor any other proof.",
        "Check which authentication is chosen for this network on the access point.",
        "The device did not send a password.",
        "Forget the network on your device, connect again and type your password.",
    ),
    Cause.UNREADABLE_NAME: (
        "The user name has characters that no account name can have.",
        "Let the person type the name again without special characters, and check the device's language settings.",
        "The name has a character that cannot be read.",
        "Type your name again just as the school gave it to you.",
    ),
    Cause.DENIED_BY_RULE: (
        "A rule of the policy refuses this access.",
        "Look at the named rule with 'kapija explain', and change it or the person's role or groups if it should not apply.",
        "The network's rules do not let you in here or at this time.",
        "Try again at another time, or ask a teacher when and where you may use the network.",
    ),
    Cause.NO_RULE: (
        "No rule of the policy permits this access, and what no rule permits is refused.",
        "Ask 'kapija explain' why each rule did not match, and check the person's role and groups and the network's name.",
        "The network's rules do not say that you may come in here.",
        "Ask your school's coordinator, who can see why.",
    ),
    Cause.VLAN_NOT_MAPPED: (
        "The rule gives a VLAN name for which this school has no number.",
        "Give the name its number with 'kapija school vlan'.",
        "The school's network is not set up completely yet.",
        "Show this message to your school's coordinator, who can complete the setup.",
    ),
    Cause.DIRECTORY_AWAY: (
        "The list of people could not be asked in time, so nobody knows whether the password was right.",
        "Check that the directory server is running and reachable; devices try again by themselves.",
        "The network cannot check passwords at the moment, and it is not your fault.",
        "Wait a few minutes and try again.",
    ),
    Cause.BACKING_OFF: (
        "The device keeps trying with a wrong password and now has to wait between attempts.",
        "Forget the network on that device, connect again and type the present password.",
        "This device has tried a wrong password several times and has to wait a moment.",
        "Forget the network on your device, wait half a minute, connect again and type your password.",
    ),
    Cause.ACCOUNT_THROTTLED: (
        "There were too many wrong passwords for this account from devices that it had not used before.",
        "Ask the person whether it was a new device, and set a new password if it was somebody else.",
        "There were too many attempts with your account, so new devices have to wait.",
        "Try again in a few minutes, and tell your school's coordinator if it was not you.",
    ),
    Cause.SCHOOL_GONE: (
        "The access point belongs to a school that is no longer in the system.",
        "Assign the access point to a school, or remove it.",
        "This access point does not belong to any school at the moment.",
        "Show this message to your school's coordinator, who can assign it.",
    ),
    Cause.SECRET_MISMATCH: (
        "The decrypted password is unreadable, which mostly means that access point and server have different shared secrets.",
        "Enter the same shared secret on the access point and on the server, letter by letter.",
        "The access point is not connected properly to the school's network yet.",
        "Show this message to your school's coordinator, who can correct the setting.",
    ),
    Cause.ACCOUNT_LOCKED: (
        "The account is locked in the directory because of too many wrong passwords.",
        "Look with 'kapija audit search' which device keeps sending an old password and mend that, then unlock the account in "
        "the directory or wait until the lock ends.",
        "The name or the password is not right.",
        "Type both again slowly, and ask your school's coordinator for a new password if it still does not work.",
    ),
    Cause.LOCKOUT_GUARD: (
        "One more wrong password would lock the account in the directory, so the directory was not asked.",
        "Look with 'kapija audit search' which device keeps sending an old password and mend that; the directory forgets the "
        "wrong ones after some minutes without any, or when the person logs in elsewhere.",
        "The name or the password is not right.",
        "Type both again slowly, and ask your school's coordinator for a new password if it still does not work.",
    ),
    Cause.PASSWORD_EXPIRED: (
        "The password was right, but it has expired in the directory.",
        "Let the person change it on a computer of the school, or set a new one in the directory.",
        "Your password is too old and has to be changed.",
        "Change it on a computer of the school, or ask your school's coordinator for a new one.",
    ),
    Cause.PASSWORD_MUST_CHANGE: (
        "The password was right, but the directory wants it changed before it is used.",
        "Let the person choose one while logging in on a computer of the school, or take the demand off in the directory.",
        "Your first password has to be changed before you can use it here.",
        "Log in on a computer of the school and choose a password of your own there, or ask your school's coordinator.",
    ),
    Cause.LOGON_HOURS: (
        "The directory does not let this account log in at this hour.",
        "Change the account's logon hours in the directory if the person may use the network now.",
        "Your account may not be used at this hour.",
        "Try again later, or ask your school's coordinator at which hours you can use it.",
    ),
    Cause.LOGON_WORKSTATIONS: (
        "The directory lets this account log in from certain computers alone.",
        "Take the list of computers off the account in the directory, or give the device a client certificate.",
        "Your account may be used on certain computers alone.",
        "Show this message to your school's coordinator, who can change that.",
    ),
    Cause.ACCOUNT_RESTRICTED: (
        "The directory does not let this account's password be checked in this way, mostly because it belongs to the group "
        "Protected Users.",
        "Give the device a client certificate and use EAP-TLS, or take the account out of that group.",
        "The name or the password is not right.",
        "Type both again slowly, and ask your school's coordinator for a new password if it still does not work.",
    ),
    Cause.AMBIGUOUS_ACCOUNT: (
        "The directory has several accounts with this name, and nobody guesses which of them it is.",
        "Rename all but one of them, or narrow the base or the filter in the directory's description.",
        "The name or the password is not right.",
        "Type both again slowly, and ask your school's coordinator for a new password if it still does not work.",
    ),
    Cause.METHOD_REFUSED: (
        "The device accepts none of the EAP methods that the server offered.",
        "Forget the network on the device and choose PEAP with MSCHAPv2 when it connects again, or TTLS with PAP if the "
        "school's directory cannot check MSCHAPv2.",
        "Your device and the school's network found no common way to log in.",
        "Forget the network on your device, and connect again with the settings that the school gave you.",
    ),
    Cause.SERVER_NOT_TRUSTED: (
        "The device refused the server's certificate.",
        "Forget the network on the device, install the school's CA certificate and choose it for this network, with the "
        "server's name in the field 'Domain' on Android, or under 'Connect to these servers' on Windows.",
        "Your device does not trust the school's network.",
        "Forget the network, connect again with the settings that the school gave you, and never switch the check of the "
        "certificate off.",
    ),
    Cause.SILENT_AFTER_CERTIFICATE: (
        "The device stopped answering when the server's certificate came.",
        "Look on the device for a question whether to trust the certificate, and if several devices stop so at one access "
        "point, lower its Framed-MTU or the MTU on the way to the server, because large packets get lost there.",
        "Your device stopped answering while it looked at the school's certificate.",
        "Look whether your screen asks about a certificate, agree if it shows the name that the school gave you, and tell "
        "your school's coordinator if it asks nothing.",
    ),
    Cause.SILENT_IN_TUNNEL: (
        "The device stopped answering inside the encrypted tunnel, before its proof was complete.",
        "On Windows 11 with PEAP and MSCHAPv2 it is mostly Credential Guard, so use EAP-TLS or TTLS there, or switch "
        "Credential Guard off by group policy; on any other device forget the network and type name and password again.",
        "Your device stopped answering before it had sent your password.",
        "Forget the network on your device, connect again and type your name and password, and show this message to your "
        "school's coordinator if that does not help.",
    ),
    Cause.DEVICE_WENT_SILENT: (
        "The device stopped answering in the middle of the login.",
        "Check how strong the signal is at that place, switch Wi-Fi off and on again on the device, and look whether other "
        "devices stop at the same access point too.",
        "Your device stopped answering in the middle of the login.",
        "Go closer to the access point, switch Wi-Fi off and on again, and try once more.",
    ),
    Cause.TLS_VERSION: (
        "The device speaks only TLS 1.0 or 1.1, which are too weak to be allowed.",
        "Install all system updates on the device, and if there are none any more, register its MAC address for a network of "
        "its own.",
        "Your device is too old for the school's secure network.",
        "Install all updates on your device, and ask your school's coordinator if it still does not work.",
    ),
    Cause.TLS_FAILED: (
        "The device and the server could not set up their encrypted TLS connection.",
        "Check date and time on the device, install its updates, and read in the row's detail what exactly went wrong.",
        "Your device could not set up a secure connection to the school's network.",
        "Check date and time on your device, install its updates and try again.",
    ),
    Cause.CERTIFICATE_MISSING: (
        "The device sent no client certificate, and one is required here.",
        "Make one for the person with 'kapija pki issue', install it on the device, and choose it in the settings of this "
        "network.",
        "Your device has no certificate for the school's network.",
        "Ask your school's coordinator for a certificate, and choose it in the settings of the network.",
    ),
    Cause.CERTIFICATE_NOT_TRUSTED: (
        "The client certificate was issued by somebody whom this school does not trust.",
        "Give the device a new certificate with 'kapija pki issue', or add the issuer to the trusted ones if it is yours.",
        "The certificate on your device is not one that the school's network accepts.",
        "Choose the school's certificate in the settings of the network, or ask your school's coordinator for one.",
    ),
    Cause.CERTIFICATE_EXPIRED: (
        "The client certificate has expired.",
        "Make a new one with 'kapija pki issue' and install it on the device, and check the server's clock if many expired at "
        "once.",
        "The certificate on your device has expired.",
        "Ask your school's coordinator for a new one.",
    ),
    Cause.CERTIFICATE_NOT_YET_VALID: (
        "The client certificate is not valid yet.",
        "Check the server's clock and the certificate's first day, then wait for that day or make a new one with 'kapija pki "
        "issue'.",
        "The certificate on your device is not valid yet.",
        "Ask your school's coordinator from which day you can use it.",
    ),
    Cause.CERTIFICATE_REVOKED: (
        "The client certificate was revoked.",
        "Make a new one with 'kapija pki issue' if person and device may still come in; if the device was lost or stolen, this "
        "row says when and where it tried.",
        "The certificate on your device was withdrawn.",
        "Ask your school's coordinator for a new one.",
    ),
    Cause.CERTIFICATE_NAMELESS: (
        "The client certificate has no name that an account could have.",
        "Make one with the person's user name in it with 'kapija pki issue', and install it on the device.",
        "The certificate on your device does not say whose it is.",
        "Ask your school's coordinator for a new one.",
    ),
    Cause.REVOCATION_UNKNOWN: (
        "Nobody knows whether the client certificate was revoked, because the revocation list is missing or too old.",
        "Get a fresh revocation list (CRL) from the issuer and put it where the settings name it; the server reads it by "
        "itself.",
        "The network cannot check your certificate at the moment, and it is not your fault.",
        "Wait a few minutes and try again, and tell your school's coordinator if it stays so.",
    ),
    Cause.IDENTITY_MISMATCH: (
        "The user name inside the tunnel is of another realm than the one outside it.",
        "Give both names on the device the same ending after the @, or leave its field 'Anonymous identity' empty.",
        "The two names in your device's settings for this network do not belong together.",
        "Leave the field 'Anonymous identity' empty, and type your name just as the school gave it to you.",
    ),
    Cause.CRYPTO_BINDING: (
        "The device did not prove that the tunnel and the check of the password belong to the same connection.",
        "Install the device's updates, and if such devices came in before, look for a foreign access point nearby that uses "
        "the name of the school's network.",
        "The network could not make sure that nobody stands between your device and the school.",
        "Try at another place in the school, and tell your school's coordinator where it happened.",
    ),
    Cause.PASSWORD_CHANGE: (
        "The device wants to change the password during the login, which is not possible here.",
        "Let the person cancel that on the device, and set a new password with 'kapija user passwd'.",
        "The password cannot be changed while you log in to the network.",
        "Cancel the change on your device, and ask your school's coordinator for a new password.",
    ),
    Cause.EAP_BROKEN: (
        "The device sent messages that break the rules of the login.",
        "Forget the network on the device, set it up again and install its updates; if it goes on, the row's detail says what "
        "exactly was wrong.",
        "Your device sent something that the school's network does not understand.",
        "Switch Wi-Fi off and on again, install your device's updates and try once more.",
    ),
    Cause.TOO_MANY_ROUNDS: (
        "The login took more than the fifty messages that are allowed, and was broken off.",
        "Forget the network on the device and set it up again, and if it sends a long chain of certificates, make that shorter "
        "or the access point's Framed-MTU larger.",
        "The login took too long and was broken off.",
        "Forget the network on your device, set it up again and try once more.",
    ),
    Cause.SERVER_RESTARTED: (
        "The login was cut short because the server's process was replaced, and the device begins again by itself.",
        "Do nothing if it happened once, and look into the server's log for the reason if it happens often.",
        "The network was just restarting.",
        "Wait a minute, because your device tries again by itself.",
    ),
}

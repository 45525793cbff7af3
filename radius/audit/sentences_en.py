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
        "Set the device or the access point to PAP, CHAP, MS-CHAPv2 or MAC authentication.",
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
}

"""The closed vocabulary of audit events: object:verb:outcome. Renaming a tag is a migration."""

from enum import StrEnum


class Tag(StrEnum):
    """What happened. Access events come from workers through the journal, the others from administrators' transactions."""

    ACCESS_GRANTED = "access:decide:granted"
    ACCESS_DENIED = "access:decide:denied"
    ACCESS_UNANSWERED = "access:decide:unanswered"
    JOURNAL_GAP = "journal:write:gap"
    JOURNAL_BROKEN = "journal:carry:broken"
    ACCOUNTING_ON = "client:accounting:on"  # an access point says that it has started
    ACCOUNTING_OFF = "client:accounting:off"
    AUTHENTICATOR_LEARNED = "client:authenticator:learned"
    AUTHENTICATOR_FORGOTTEN = "client:authenticator:forgotten"
    SCHOOL_ADDED = "school:add:done"
    SCHOOL_CHANGED = "school:change:done"
    CLIENT_ADDED = "client:add:done"
    CLIENT_CHANGED = "client:change:done"
    CLIENT_REMOVED = "client:remove:done"
    CLIENT_SECRET_ROTATED = "client:secret:rotated"  # noqa: S105 - a tag
    PERSON_ADDED = "person:add:done"
    PERSON_CHANGED = "person:change:done"
    PERSON_PASSWORD_SET = "person:password:set"  # noqa: S105 - a tag
    PERSON_DISABLED = "person:disable:done"
    PERSON_ENABLED = "person:enable:done"
    PERSON_ERASED = "person:erase:done"
    PEOPLE_IMPORTED = "people:import:done"
    DEVICE_ADDED = "device:add:done"
    DEVICE_CHANGED = "device:change:done"
    DEVICE_REMOVED = "device:remove:done"
    POLICY_PUBLISHED = "policy:publish:done"
    POLICY_ROLLED_BACK = "policy:rollback:done"
    CERTIFICATE_IMPORTED = "certificate:import:done"
    CERTIFICATE_RENEWED = "certificate:renew:done"
    AUTHORITY_FOUNDED = "authority:found:done"
    CERTIFICATE_ISSUED = "certificate:issue:done"
    CERTIFICATE_REVOKED = "certificate:revoke:done"
    CERTIFICATE_ENDING = "certificate:end:soon"
    TRUST_ADDED = "trust:add:done"
    TRUST_REMOVED = "trust:remove:done"
    KEY_ROTATED = "key:rotate:done"
    AUDIT_EXPORTED = "audit:export:done"
    SERVER_STARTED = "server:start:done"
    SERVER_STOPPED = "server:stop:done"

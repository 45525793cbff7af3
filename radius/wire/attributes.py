"""The attribute numbers that code names, and how one attribute becomes octets.

Only numbers that some module of Kapija uses stand here; every other one has its name in the dictionary.
"""

from typing import Final

# RFC 2865 section 5
USER_NAME: Final = 1
USER_PASSWORD: Final = 2
CHAP_PASSWORD: Final = 3
NAS_IP_ADDRESS: Final = 4
NAS_PORT: Final = 5
SERVICE_TYPE: Final = 6
FRAMED_PROTOCOL: Final = 7
FRAMED_IP_ADDRESS: Final = 8
FILTER_ID: Final = 11
FRAMED_MTU: Final = 12
REPLY_MESSAGE: Final = 18
STATE: Final = 24
CLASS: Final = 25
VENDOR_SPECIFIC: Final = 26
SESSION_TIMEOUT: Final = 27
IDLE_TIMEOUT: Final = 28
TERMINATION_ACTION: Final = 29
CALLED_STATION_ID: Final = 30
CALLING_STATION_ID: Final = 31
NAS_IDENTIFIER: Final = 32
PROXY_STATE: Final = 33
# RFC 2866 section 5
ACCT_STATUS_TYPE: Final = 40
ACCT_DELAY_TIME: Final = 41
ACCT_INPUT_OCTETS: Final = 42
ACCT_OUTPUT_OCTETS: Final = 43
ACCT_SESSION_ID: Final = 44
ACCT_AUTHENTIC: Final = 45
ACCT_SESSION_TIME: Final = 46
ACCT_INPUT_PACKETS: Final = 47
ACCT_OUTPUT_PACKETS: Final = 48
ACCT_TERMINATE_CAUSE: Final = 49
ACCT_MULTI_SESSION_ID: Final = 50
# RFC 2869 section 5
ACCT_INPUT_GIGAWORDS: Final = 52
ACCT_OUTPUT_GIGAWORDS: Final = 53
EVENT_TIMESTAMP: Final = 55
# RFC 4675 section 2
EGRESS_VLANID: Final = 56
INGRESS_FILTERS: Final = 57
EGRESS_VLAN_NAME: Final = 58
USER_PRIORITY_TABLE: Final = 59
# RFC 2865 section 5.40, 5.41
CHAP_CHALLENGE: Final = 60
NAS_PORT_TYPE: Final = 61
# RFC 2868 section 3
TUNNEL_TYPE: Final = 64
TUNNEL_MEDIUM_TYPE: Final = 65
TUNNEL_PASSWORD: Final = 69
TUNNEL_PRIVATE_GROUP_ID: Final = 81
# RFC 2869 section 5
CONNECT_INFO: Final = 77
EAP_MESSAGE: Final = 79  # RFC 3579 section 3.1
MESSAGE_AUTHENTICATOR: Final = 80  # RFC 3579 section 3.2
ACCT_INTERIM_INTERVAL: Final = 85
NAS_PORT_ID: Final = 87
CHARGEABLE_USER_IDENTITY: Final = 89  # RFC 4372 section 2
NAS_IPV6_ADDRESS: Final = 95  # RFC 3162 section 2.1
FRAMED_INTERFACE_ID: Final = 96  # RFC 3162 section 2.2
FRAMED_IPV6_PREFIX: Final = 97
ERROR_CAUSE: Final = 101  # RFC 5176 section 3.5
EAP_KEY_NAME: Final = 102  # RFC 4072 section 4.1; RFC 7268 section 2.2 lets RADIUS carry it
DELEGATED_IPV6_PREFIX: Final = 123  # RFC 4818 section 3
OPERATOR_NAME: Final = 126  # RFC 5580 section 4.1
FRAMED_IPV6_ADDRESS: Final = 168  # RFC 6911 section 3.1

# Service-Type, RFC 2865 section 5.6
FRAMED_USER: Final = 2
CALL_CHECK: Final = 10

# Termination-Action, RFC 2865 section 5.29
RADIUS_REQUEST: Final = 1

# RFC 2548: Microsoft's vendor id and its types
MICROSOFT: Final = 311
MS_CHAP_RESPONSE: Final = 1
MS_CHAP_ERROR: Final = 2
MS_MPPE_ENCRYPTION_POLICY: Final = 7
MS_MPPE_ENCRYPTION_TYPES: Final = 8
MS_CHAP_CHALLENGE: Final = 11
MS_CHAP_MPPE_KEYS: Final = 12
MS_MPPE_SEND_KEY: Final = 16
MS_MPPE_RECV_KEY: Final = 17
MS_CHAP2_RESPONSE: Final = 25
MS_CHAP2_SUCCESS: Final = 26

MAX_VALUE: Final = 253  # RFC 2865 section 5: Length is one octet and counts Type and Length
MAX_VENDOR_VALUE: Final = 247  # RFC 2865 section 5.26: the vendor id and the inner Type and Length take six more


def encode_attribute(attribute: int, value: bytes) -> bytes:
    """One attribute as it stands in a packet (RFC 2865 section 5). Raises ValueError when it does not fit.

    An empty value is allowed: RFC 3579 section 2.1 has an EAP-Message without data.
    """
    if not 0 < attribute < 256:
        raise ValueError(f"an attribute number is 1..255, not {attribute}")
    if len(value) > MAX_VALUE:
        raise ValueError(f"attribute {attribute} has {len(value)} octets, the limit is {MAX_VALUE}")
    return (attribute << 8 | len(value) + 2).to_bytes(2, "big") + value


def encode_vendor(vendor: int, vendor_type: int, value: bytes) -> bytes:
    """One Vendor-Specific attribute with one sub-attribute in the suggested format (RFC 2865 section 5.26).

    Raises ValueError when it does not fit.
    """
    if not 0 < vendor < 1 << 24:
        raise ValueError(f"a vendor id is 1..16777215, not {vendor}")
    if not 0 <= vendor_type < 256:
        raise ValueError(f"a vendor type is 0..255, not {vendor_type}")
    if len(value) > MAX_VENDOR_VALUE:
        raise ValueError(f"vendor {vendor} type {vendor_type} has {len(value)} octets, the limit is {MAX_VENDOR_VALUE}")
    size = len(value) + 2
    head = VENDOR_SPECIFIC << 56 | (size + 6) << 48 | vendor << 16 | vendor_type << 8 | size
    return head.to_bytes(8, "big") + value

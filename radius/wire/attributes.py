"""The attribute numbers that code names, and how one attribute becomes octets.

Only numbers that some module of Kapija uses stand here; every other one has its name in the dictionary.
"""

# RFC 2865 section 5
USER_NAME = 1
USER_PASSWORD = 2
CHAP_PASSWORD = 3
NAS_IP_ADDRESS = 4
NAS_PORT = 5
SERVICE_TYPE = 6
FRAMED_PROTOCOL = 7
FRAMED_IP_ADDRESS = 8
FILTER_ID = 11
FRAMED_MTU = 12
REPLY_MESSAGE = 18
STATE = 24
CLASS = 25
VENDOR_SPECIFIC = 26
SESSION_TIMEOUT = 27
IDLE_TIMEOUT = 28
TERMINATION_ACTION = 29
CALLED_STATION_ID = 30
CALLING_STATION_ID = 31
NAS_IDENTIFIER = 32
PROXY_STATE = 33
# RFC 2866 section 5
ACCT_STATUS_TYPE = 40
ACCT_DELAY_TIME = 41
ACCT_INPUT_OCTETS = 42
ACCT_OUTPUT_OCTETS = 43
ACCT_SESSION_ID = 44
ACCT_AUTHENTIC = 45
ACCT_SESSION_TIME = 46
ACCT_INPUT_PACKETS = 47
ACCT_OUTPUT_PACKETS = 48
ACCT_TERMINATE_CAUSE = 49
ACCT_MULTI_SESSION_ID = 50
# RFC 2869 section 5
ACCT_INPUT_GIGAWORDS = 52
ACCT_OUTPUT_GIGAWORDS = 53
EVENT_TIMESTAMP = 55
# RFC 4675 section 2
EGRESS_VLANID = 56
INGRESS_FILTERS = 57
EGRESS_VLAN_NAME = 58
USER_PRIORITY_TABLE = 59
# RFC 2865 section 5.40, 5.41
CHAP_CHALLENGE = 60
NAS_PORT_TYPE = 61
# RFC 2868 section 3
TUNNEL_TYPE = 64
TUNNEL_MEDIUM_TYPE = 65
TUNNEL_PASSWORD = 69
TUNNEL_PRIVATE_GROUP_ID = 81
# RFC 2869 section 5
CONNECT_INFO = 77
EAP_MESSAGE = 79  # RFC 3579 section 3.1
MESSAGE_AUTHENTICATOR = 80  # RFC 3579 section 3.2
ACCT_INTERIM_INTERVAL = 85
NAS_PORT_ID = 87
CHARGEABLE_USER_IDENTITY = 89  # RFC 4372 section 2
NAS_IPV6_ADDRESS = 95  # RFC 3162 section 2.1
FRAMED_IPV6_PREFIX = 97
ERROR_CAUSE = 101  # RFC 5176 section 3.5
EAP_KEY_NAME = 102  # RFC 4072 section 4.1; RFC 7268 section 2.2 lets RADIUS carry it
OPERATOR_NAME = 126  # RFC 5580 section 4.1
FRAMED_IPV6_ADDRESS = 168  # RFC 6911 section 3.1

# Service-Type, RFC 2865 section 5.6
FRAMED_USER = 2
CALL_CHECK = 10

# Termination-Action, RFC 2865 section 5.29
RADIUS_REQUEST = 1

# RFC 2548: Microsoft's vendor id and its types
MICROSOFT = 311
MS_CHAP_RESPONSE = 1
MS_CHAP_ERROR = 2
MS_MPPE_ENCRYPTION_POLICY = 7
MS_MPPE_ENCRYPTION_TYPES = 8
MS_CHAP_CHALLENGE = 11
MS_CHAP_MPPE_KEYS = 12
MS_MPPE_SEND_KEY = 16
MS_MPPE_RECV_KEY = 17
MS_CHAP2_RESPONSE = 25
MS_CHAP2_SUCCESS = 26

MAX_VALUE = 253  # RFC 2865 section 5: Length is one octet and counts Type and Length
MAX_VENDOR_VALUE = 247  # RFC 2865 section 5.26: the vendor id and the inner Type and Length take six more


def encode_attribute(attribute: int, value: bytes) -> bytes:
    """One attribute as it stands in a packet (RFC 2865 section 5). Raises ValueError when it does not fit.

    An empty value is allowed: RFC 3579 section 2.1 has an EAP-Message without data.
    """
    if not 0 < attribute < 256:
        raise ValueError(f"an attribute number is 1..255, not {attribute}")
    if len(value) > MAX_VALUE:
        raise ValueError(f"attribute {attribute} has {len(value)} octets, the limit is {MAX_VALUE}")
    return bytes((attribute, len(value) + 2)) + value


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
    return bytes((VENDOR_SPECIFIC, size + 6)) + vendor.to_bytes(4, "big") + bytes((vendor_type, size)) + value

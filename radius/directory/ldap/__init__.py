"""People in an LDAP directory (RFC 4511): connections and failover here, Active Directory's ways in its own room."""

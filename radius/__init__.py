"""The AAA service: octets come in from access points, decisions go out, and each leaves an audit event."""

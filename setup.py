"""Kapija is pure Python. With KAPIJA_COMPILE=1 the way of a packet is compiled by mypyc from the very same sources (ADR 0006).

`make compiled` does it in a virtual environment of its own; it needs gcc and Python's headers.
"""

import os

from setuptools import Extension, setup

THE_WAY_OF_A_PACKET = (
    "policies/access.py",
    "policies/decision.py",
    "policies/evaluator.py",
    "policies/layer.py",
    "policies/mac.py",
    "policies/value.py",
    "radius/aaa/backoff.py",
    "radius/aaa/conclude.py",
    "radius/aaa/limits.py",
    "radius/aaa/login_class.py",
    "radius/aaa/schools.py",
    "radius/aaa/silences.py",
    "radius/crypto/chap.py",
    "radius/crypto/mppe.py",
    "radius/crypto/mschap.py",
    "radius/crypto/passwords.py",
    "radius/directory/active_directory/accounts.py",
    "radius/directory/active_directory/domain.py",
    "radius/directory/active_directory/names.py",
    "radius/directory/active_directory/ntlm_auth.py",
    "radius/directory/active_directory/reasons.py",
    "radius/directory/admission.py",
    "radius/directory/breaker.py",
    "radius/directory/chain.py",
    "radius/directory/conditions.py",
    "radius/directory/guard.py",
    "radius/directory/known.py",
    "radius/directory/lane.py",
    "radius/directory/ldap/ber.py",
    "radius/directory/ldap/channel.py",
    "radius/directory/ldap/connection.py",
    "radius/directory/ldap/entry.py",
    "radius/directory/ldap/filters.py",
    "radius/directory/ldap/messages.py",
    "radius/directory/ldap/password_policy.py",
    "radius/directory/ldap/people.py",
    "radius/directory/ldap/servers.py",
    "radius/directory/ldap/source.py",
    "radius/directory/local.py",
    "radius/directory/mapping.py",
    "radius/directory/memory.py",
    "radius/directory/names.py",
    "radius/directory/question.py",
    "radius/directory/routing.py",
    "radius/directory/tally.py",
    "radius/eap/authentication.py",
    "radius/eap/avp.py",
    "radius/eap/eap_tls.py",
    "radius/eap/framing.py",
    "radius/eap/gtc.py",
    "radius/eap/identity.py",
    "radius/eap/keys.py",
    "radius/eap/method.py",
    "radius/eap/mschapv2.py",
    "radius/eap/packet.py",
    "radius/eap/peap.py",
    "radius/eap/peap_tlv.py",
    "radius/eap/resumption.py",
    "radius/eap/steps.py",
    "radius/eap/tls_engine.py",
    "radius/eap/tls_phase.py",
    "radius/eap/ttls.py",
    "radius/eap/tunnel.py",
    "radius/secret.py",
    "radius/server/accounting.py",
    "radius/server/admission.py",
    "radius/server/attempt.py",
    "radius/server/clients.py",
    "radius/server/conversations.py",
    "radius/server/counters.py",
    "radius/server/credentials.py",
    "radius/server/decision_events.py",
    "radius/server/duplicates.py",
    "radius/server/durable.py",
    "radius/server/eap_events.py",
    "radius/server/eap_replies.py",
    "radius/server/eap_server.py",
    "radius/server/figures.py",
    "radius/server/gate.py",
    "radius/server/hop.py",
    "radius/server/randomness.py",
    "radius/server/replies.py",
    "radius/server/sockets.py",
    "radius/server/state.py",
    "radius/store/known_file.py",
    "radius/server/status_server.py",
    "radius/store/node_file.py",
    "radius/store/node_writer.py",
    "radius/vendors/accounting.py",
    "radius/vendors/base.py",
    "radius/vendors/reading.py",
    "radius/vendors/texts.py",
    "radius/wire/attributes.py",
    "radius/wire/packet.py",
    "radius/wire/shared_secret.py",
)


def extensions() -> list[Extension]:
    """Nothing, unless the environment asks for it."""
    if os.environ.get("KAPIJA_COMPILE") != "1":
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 - only who compiles needs it

    compiled: list[Extension] = mypycify(["--ignore-missing-imports", *THE_WAY_OF_A_PACKET], opt_level="3")
    return compiled


setup(ext_modules=extensions())

"""Wire-free use cases: what an answer and a policy come to. Shared by the RADIUS server and the portal."""

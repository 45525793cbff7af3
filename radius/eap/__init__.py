"""EAP conversations and methods: octets and the time go in, requests, questions and results come out. No I/O, no clock."""

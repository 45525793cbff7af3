"""Where people and devices are looked up and their proofs are checked."""

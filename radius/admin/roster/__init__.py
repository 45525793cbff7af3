"""Rosters: schools, people, classes and enrolments from a file become accounts and groups (docs/roster.md)."""

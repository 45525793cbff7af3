"""The rules: an Access goes in, a Decision comes out. Pure: no I/O, no clock, no logging."""

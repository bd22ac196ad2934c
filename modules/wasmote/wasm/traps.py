"""Trap codes and their texts. Printed by scripts/make_tables.py from traps.csv; do not edit."""

TRAPS = {
    1: "unreachable",
    2: "integer divide by zero",
    3: "integer overflow",
    4: "invalid conversion to integer",
    5: "out of bounds memory access",
    6: "out of bounds table access",
    7: "undefined element",
    8: "uninitialized element",
    9: "indirect call type mismatch",
    10: "call stack exhausted",
    11: "out of memory",
}

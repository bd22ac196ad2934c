// SPDX-License-Identifier: MIT
// clang-format off
// Printed by scripts/make_tables.py from traps.csv; do not edit.
TRAP(1, unreachable, "unreachable")
TRAP(2, integer_divide_by_zero, "integer divide by zero")
TRAP(3, integer_overflow, "integer overflow")
TRAP(4, invalid_conversion_to_integer, "invalid conversion to integer")
TRAP(5, out_of_bounds_memory_access, "out of bounds memory access")
TRAP(6, out_of_bounds_table_access, "out of bounds table access")
TRAP(7, undefined_element, "undefined element")
TRAP(8, uninitialized_element, "uninitialized element")
TRAP(9, indirect_call_type_mismatch, "indirect call type mismatch")
TRAP(10, call_stack_exhausted, "call stack exhausted")
TRAP(11, out_of_memory, "out of memory")

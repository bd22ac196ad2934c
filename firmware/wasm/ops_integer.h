// SPDX-License-Identifier: MIT
// Integers (core 4.3.2): part of run() in exec.c.
// clang-format off
UNARY(i32_eqz, x == 0)
UNARY(i32_clz, clz32(x))
UNARY(i32_ctz, ctz32(x))
UNARY(i32_popcnt, popcnt32(x))
BINARY(i32_add, x + y)
BINARY_SA(i32_sub, x - y)
BINARY(i32_mul, x * y)
PARTIAL(i32_div_s, CHECK_DIV_S(x, y, INT32_MIN), (int32_t)x / (int32_t)y)
PARTIAL(i32_div_u, CHECK_ZERO(y), x / y)
PARTIAL(i32_rem_s, CHECK_ZERO(y), y == UINT32_MAX ? 0 : (int32_t)x % (int32_t)y)
PARTIAL(i32_rem_u, CHECK_ZERO(y), x % y)
BINARY(i32_and, x & y)
BINARY(i32_or, x | y)
BINARY(i32_xor, x ^ y)
BINARY_SA(i32_shl, x << (y & 31))
BINARY_SA(i32_shr_s, (int32_t)x >> (y & 31))
BINARY_SA(i32_shr_u, x >> (y & 31))
BINARY_SA(i32_rotl, rotl32(x, y))
BINARY_SA(i32_rotr, rotl32(x, -y))
UNARY(i32_extend8_s, (int8_t)x)
UNARY(i32_extend16_s, (int16_t)x)
OP(i32_wrap_i64_s_a) { acc = S(1); NEXT(2) }
OP(i32_wrap_i64_s_s) { S(2) = S(1); NEXT(3) }
OP(i64_extend_i32_s_s_s) { set_cell64(&S(2), (int64_t)(int32_t)S(1)); NEXT(3) }
OP(i64_extend_i32_u_s_s) { set_cell64(&S(2), S(1)); NEXT(3) }
OP(i64_eqz_s_a) { acc = L(1) == 0; NEXT(2) }
OP(i64_eqz_s_s) { S(2) = L(1) == 0; NEXT(3) }
BINARY64(i64_add, , x + y)
BINARY64(i64_sub, , x - y)
BINARY64(i64_mul, , x * y)
BINARY64(i64_and, , x & y)
BINARY64(i64_or, , x | y)
BINARY64(i64_xor, , x ^ y)

// Chosen from measured pairs (scripts/bench/pairs.py).
SHORT64(i64_add, x + y)
SHORT64(i64_mul, x * y)
SHORT64(i64_and, x & y)
SHORT64(i64_or, x | y)
SHORT64(i64_xor, x ^ y)
SHARED_SHORT64(i64_shl, x << (y & 63))
SHARED_SHORT64(i64_shr_s, (uint64_t)((int64_t)x >> (y & 63)))
SHARED_SHORT64(i64_shr_u, x >> (y & 63))
SHARED_SHORT64(i64_rotl, rotl64(x, y))
OP(i32_shl_add_ss_a) { acc = (S(1) << (ip[2] & 31)) + S(3); NEXT(4) }
OP(i32_shl_add_ss_s) { x = (S(1) << (ip[2] & 31)) + S(3); S(4) = x; NEXT(5) }
OP(i32_shl_add_as_a) { acc = (acc << (ip[1] & 31)) + S(2); NEXT(3) }
OP(i32_shl_add_as_s) { x = (acc << (ip[1] & 31)) + S(2); S(3) = x; NEXT(4) }
OP(i32_mov2) { S(2) = S(1); S(4) = S(3); NEXT(5) }
OP(i32_add2) { S(3) = S(1) + I(2); S(6) = S(4) + I(5); NEXT(7) }
OP(i32_add_br_if_si_b) { x = S(1) + I(2); S(3) = x; if (x != 0) BACK(4) NEXT(5) }
OP(i32_add_br_ne_si_b) { x = S(1) + I(2); S(3) = x; if (x != S(4)) BACK(5) NEXT(6) }
OP(i32_add_br_ne_short_si_b) { x = S(1) + I(2); S(3) = x; if (x != I(4)) BACK(5) NEXT(6) }

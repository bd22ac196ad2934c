// SPDX-License-Identifier: MIT
//! checksum: CRCs as data sheets define them, by width, polynomial and the rest of Rocksoft's model, over a text or over
//! hex bytes. Both tools are functions of a struct; wasmote.zig makes the JSON Schemas from the structs.

const std = @import("std");
const wasmote = @import("wasmote.zig");
const Answer = wasmote.Answer;

/// Rocksoft's model of a CRC of at most 32 bits.
const Model = struct {
    width: u6,
    polynomial: u32,
    initial: u32,
    reflected: bool,
    xor_out: u32,

    fn mask(model: Model) u32 {
        return @truncate((@as(u64, 1) << model.width) - 1);
    }

    /// Bit by bit: a table of 256 entries would be a KiB of the guest's memory per model.
    fn of(model: Model, bytes: []const u8) u32 {
        const top = @as(u32, 1) << @intCast(model.width - 1);
        var sum: u32 = model.initial;
        for (bytes) |byte| {
            const in = if (model.reflected) @bitReverse(byte) else byte;
            for (0..8) |bit| {
                const next = in >> @intCast(7 - bit) & 1 != 0;
                const carry = (sum & top != 0) != next;
                sum = sum << 1 & model.mask();
                if (carry) sum ^= model.polynomial;
            }
        }
        return (if (model.reflected) @bitReverse(sum) >> @intCast(32 - model.width) else sum) ^ model.xor_out;
    }
};

const Algorithm = enum {
    crc8_smbus,
    crc8_maxim,
    crc16_modbus,
    crc16_ccitt,
    crc16_xmodem,
    crc24_ble,
    crc32,
    crc32c,

    fn model(algorithm: Algorithm) Model {
        return switch (algorithm) {
            .crc8_smbus => .{ .width = 8, .polynomial = 0x07, .initial = 0, .reflected = false, .xor_out = 0 },
            .crc8_maxim => .{ .width = 8, .polynomial = 0x31, .initial = 0, .reflected = true, .xor_out = 0 },
            .crc16_modbus => .{ .width = 16, .polynomial = 0x8005, .initial = 0xffff, .reflected = true, .xor_out = 0 },
            .crc16_ccitt => .{ .width = 16, .polynomial = 0x1021, .initial = 0xffff, .reflected = false, .xor_out = 0 },
            .crc16_xmodem => .{ .width = 16, .polynomial = 0x1021, .initial = 0, .reflected = false, .xor_out = 0 },
            .crc24_ble => .{ .width = 24, .polynomial = 0x00065b, .initial = 0x555555, .reflected = true, .xor_out = 0 },
            .crc32 => .{ .width = 32, .polynomial = 0x04c11db7, .initial = 0xffffffff, .reflected = true, .xor_out = 0xffffffff },
            .crc32c => .{ .width = 32, .polynomial = 0x1edc6f41, .initial = 0xffffffff, .reflected = true, .xor_out = 0xffffffff },
        };
    }
};

/// The bytes that `hex` or, without it, `text` stands for.
fn bytesOf(text: []const u8, hex: ?[]const u8, answer: *Answer) ![]const u8 {
    const digits = hex orelse return text;
    const packed_digits = try wasmote.allocator.alloc(u8, digits.len);
    const count = std.mem.replace(u8, digits, " ", "", packed_digits);
    const bytes = packed_digits[0 .. digits.len - count];
    return std.fmt.hexToBytes(bytes, bytes) catch |wrong| {
        try answer.print("\"hex\" must be pairs of hex digits ({s})", .{@errorName(wrong)});
        return wrong;
    };
}

const Crc = struct { algorithm: Algorithm, text: []const u8 = "", hex: ?[]const u8 = null };

fn crc(given: Crc, answer: *Answer) !void {
    const model = given.algorithm.model();
    const sum = model.of(try bytesOf(given.text, given.hex, answer));
    const width = (@as(usize, model.width) + 3) / 4;
    try answer.print("0x{x:0>[1]}", .{ sum, width });
}

const Identify = struct { crc: u32, text: []const u8 = "", hex: ?[]const u8 = null };

/// Which of the algorithms gives this sum: what one wants to know of a protocol found on a wire.
fn identify(given: Identify, answer: *Answer) !void {
    const bytes = try bytesOf(given.text, given.hex, answer);
    var found: usize = 0;
    for (std.enums.values(Algorithm)) |algorithm| {
        if (algorithm.model().of(bytes) == given.crc) {
            try answer.print("{s}{s}", .{ if (found > 0) ", " else "", @tagName(algorithm) });
            found += 1;
        }
    }
    if (found == 0) try answer.print("none of the {d} algorithms", .{std.enums.values(Algorithm).len});
}

comptime {
    wasmote.serve("checksum", "1.0.0", &.{
        wasmote.tool("crc", "The CRC of a text, or of bytes given in hex.", crc),
        wasmote.tool("crc_identify", "Which CRC algorithms give this sum for a text or for bytes given in hex.", identify),
    });
}

// SPDX-License-Identifier: MIT
//! The arguments of a call, which the host has checked to be one JSON object, as a struct. std.json
//! would do it too, for 20 KiB of code that a board has to hold; this is 2 KiB, and knows integers,
//! texts, enums, bools and null.

const std = @import("std");

pub const Wrong = error{ MissingMember, NotAText, NotAnInteger, NotABool, NotOneOfTheNames, OutOfMemory };

/// `json` as a `T`. Members that T has no field for are skipped; a field with a default value may be missing. Texts with
/// escapes in them are copied with `allocator`, others are slices of `json`.
pub fn parse(comptime T: type, allocator: std.mem.Allocator, json: []const u8) Wrong!T {
    const fields = @typeInfo(T).@"struct".fields;
    var made: T = undefined;
    var seen = [_]bool{false} ** fields.len;
    var reader = Reader{ .rest = json };
    reader.skip(" \t\r\n{");
    while (reader.next()) |quoted| {
        const name = quoted[1 .. quoted.len - 1];
        reader.skip(" \t\r\n:");
        const raw = reader.value();
        inline for (fields, &seen) |field, *is_seen| {
            if (std.mem.eql(u8, name, field.name)) {
                @field(made, field.name) = try convert(field.type, allocator, raw);
                is_seen.* = true;
            }
        }
    }
    inline for (fields, seen) |field, is_seen| {
        if (!is_seen) @field(made, field.name) = field.defaultValue() orelse return error.MissingMember;
    }
    return made;
}

/// Values as slices of the text they stand in.
const Reader = struct {
    rest: []const u8,

    fn skip(reader: *Reader, any_of: []const u8) void {
        reader.rest = std.mem.trimStart(u8, reader.rest, any_of);
    }

    /// The next member's name, in quotes; null at the end of the object.
    fn next(reader: *Reader) ?[]const u8 {
        reader.skip(" \t\r\n,");
        return if (reader.rest.len > 0 and reader.rest[0] == '"') reader.value() else null;
    }

    fn value(reader: *Reader) []const u8 {
        var depth: usize = 0;
        var at: usize = 0;
        while (at < reader.rest.len) : (at += 1) {
            switch (reader.rest[at]) {
                '"' => {
                    at += 1;
                    while (reader.rest[at] != '"') at += if (reader.rest[at] == '\\') 2 else 1;
                },
                '{', '[' => depth += 1,
                '}', ']' => if (depth == 0) break else {
                    depth -= 1;
                },
                ',', ':', ' ', '\t', '\r', '\n' => if (depth == 0) break,
                else => continue,
            }
            if (depth == 0) {
                at += 1;
                break;
            }
        }
        defer reader.rest = reader.rest[at..];
        return reader.rest[0..at];
    }
};

fn convert(comptime T: type, allocator: std.mem.Allocator, raw: []const u8) Wrong!T {
    switch (@typeInfo(T)) {
        .bool => return if (std.mem.eql(u8, raw, "true")) true else if (std.mem.eql(u8, raw, "false")) false else error.NotABool,
        .int => return std.math.cast(T, integer(raw) orelse return error.NotAnInteger) orelse error.NotAnInteger,
        .optional => |info| return if (std.mem.eql(u8, raw, "null")) null else try convert(info.child, allocator, raw),
        .@"enum" => return std.meta.stringToEnum(T, try text(allocator, raw)) orelse error.NotOneOfTheNames,
        else => return text(allocator, raw),
    }
}

/// The integer that a number means, however it is written: 100, 100.0, 1e2.
fn integer(raw: []const u8) ?i64 {
    const negative = std.mem.startsWith(u8, raw, "-");
    const number = raw[@intFromBool(negative)..];
    if (number.len == 0 or !std.ascii.isDigit(number[0])) return null;
    const digits = number[0 .. std.mem.indexOfAny(u8, number, "eE") orelse number.len];
    var whole: i64 = @intCast(std.mem.indexOfScalar(u8, digits, '.') orelse digits.len); // so many digits are no fraction
    if (digits.len < number.len) {
        const power = number[digits.len + 1 ..];
        whole += std.fmt.parseInt(i16, power, 10) catch @as(i64, if (power[0] == '-') -99999 else 99999);
    }
    var sum: i64 = 0;
    var at: usize = 0;
    while (at < digits.len or (whole > 0 and sum != 0)) : (at += 1) {
        const letter = if (at < digits.len) digits[at] else '0';
        if (letter == '.') continue;
        whole -= 1;
        if (whole >= 0) {
            const digit: i64 = letter - '0';
            sum = std.math.mul(i64, sum, 10) catch return null;
            sum = std.math.add(i64, sum, if (negative) -digit else digit) catch return null;
        } else if (letter != '0') return null;
    }
    return sum;
}

fn text(allocator: std.mem.Allocator, quoted: []const u8) Wrong![]const u8 {
    if (quoted.len < 2 or quoted[0] != '"') return error.NotAText;
    const raw = quoted[1 .. quoted.len - 1];
    if (std.mem.indexOfScalar(u8, raw, '\\') == null) return raw;
    const meaning = try allocator.alloc(u8, raw.len); // an escape is never shorter than what it means
    var from: usize = 0;
    var to: usize = 0;
    while (from < raw.len) {
        if (raw[from] != '\\') {
            meaning[to] = raw[from];
            from += 1;
            to += 1;
            continue;
        }
        const letter = raw[from + 1];
        from += 2;
        if (letter != 'u') {
            meaning[to] = switch (letter) {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => 8,
                'f' => 12,
                else => letter,
            };
            to += 1;
            continue;
        }
        var code: u21 = hex4(raw, from) orelse std.unicode.replacement_character;
        from += 4;
        if (code & 0xfc00 == 0xd800 and std.mem.startsWith(u8, raw[@min(from, raw.len)..], "\\u")) {
            const low = hex4(raw, from + 2) orelse 0;
            if (low & 0xfc00 == 0xdc00) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                from += 6;
            }
        }
        to += std.unicode.utf8Encode(code, meaning[to..]) catch // half a pair
            std.unicode.utf8Encode(std.unicode.replacement_character, meaning[to..]) catch unreachable;
    }
    return meaning[0..to];
}

fn hex4(raw: []const u8, at: usize) ?u21 {
    if (at + 4 > raw.len) return null;
    return std.fmt.parseInt(u16, raw[at..][0..4], 16) catch null;
}

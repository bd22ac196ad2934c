// SPDX-License-Identifier: MIT
//! MCP tools in Zig, as a component of the world wasi:mcp/mcp-backend-preview2. A tool is a function
//! of a struct; its JSON Schema and the reading of its arguments are made from the struct's fields
//! when it is compiled.
//!
//!     const Greeting = struct { name: []const u8 = "world" };
//!
//!     fn greet(arguments: Greeting, answer: *Answer) !void {
//!         try answer.print("Hello, {s}", .{arguments.name});
//!     }
//!
//!     comptime {
//!         wasmote.serve("greeter", "1.0.0", &.{
//!             wasmote.tool("greet", "Say hello.", greet),
//!         });
//!     }

const std = @import("std");
const wasmote_json = @import("wasmote_json.zig");

/// What a tool writes is its answer. An error that it returns makes the answer one that failed:
/// what was written is said, or else the error's name.
pub const Answer = std.io.Writer;

pub const Tool = struct {
    name: []const u8,
    description: []const u8,
    schema: []const u8,
    call: *const fn (json: []const u8, answer: *Answer) anyerror!void,
};

/// A Tool of `function`, a `fn (Arguments, *Answer) anyerror!void` with Arguments a struct: fields
/// may be texts, integers, enums and bools; one with a default value may be left out.
pub fn tool(name: []const u8, description: []const u8, comptime function: anytype) Tool {
    const Arguments = @typeInfo(@TypeOf(function)).@"fn".params[0].type.?;
    const Glue = struct {
        fn call(json: []const u8, answer: *Answer) anyerror!void {
            const arguments = wasmote_json.parse(Arguments, allocator, json) catch |wrong| {
                try answer.print("the arguments do not fit {s} ({s})", .{ comptime schema(Arguments), @errorName(wrong) });
                return wrong;
            };
            return function(arguments, answer);
        }
    };
    return .{ .name = name, .description = description, .schema = schema(Arguments), .call = Glue.call };
}

/// The JSON Schema of a struct.
fn schema(comptime Arguments: type) []const u8 {
    comptime {
        var properties: []const u8 = "";
        var required: []const u8 = "";
        for (@typeInfo(Arguments).@"struct".fields) |field| {
            const comma = if (properties.len > 0) "," else "";
            properties = properties ++ comma ++ "\"" ++ field.name ++ "\":" ++ schemaOf(field.type);
            if (field.default_value_ptr == null) {
                required = required ++ (if (required.len > 0) "," else "") ++ "\"" ++ field.name ++ "\"";
            }
        }
        return "{\"type\":\"object\",\"properties\":{" ++ properties ++ "},\"required\":[" ++ required ++ "]}";
    }
}

fn schemaOf(comptime T: type) []const u8 {
    switch (@typeInfo(T)) {
        .bool => return "{\"type\":\"boolean\"}",
        .int => return std.fmt.comptimePrint(
            "{{\"type\":\"integer\",\"minimum\":{d},\"maximum\":{d}}}",
            .{ std.math.minInt(T), std.math.maxInt(T) },
        ),
        .@"enum" => |info| {
            var names: []const u8 = "";
            for (info.fields) |field| {
                names = names ++ (if (names.len > 0) "," else "") ++ "\"" ++ field.name ++ "\"";
            }
            return "{\"enum\":[" ++ names ++ "]}";
        },
        .optional => |info| return schemaOf(info.child),
        .pointer => |info| if (info.size == .slice and info.child == u8) return "{\"type\":\"string\"}",
        else => {},
    }
    @compileError("no JSON Schema for " ++ @typeName(T));
}

// ---- Memory: all that a call allocates is gone when the host has read the answer ----

var arena = std.heap.ArenaAllocator.init(std.heap.wasm_allocator);
pub const allocator = arena.allocator();

fn realloc(old: ?[*]u8, old_size: usize, alignment: usize, size: usize) callconv(.c) [*]u8 {
    const by: std.mem.Alignment = @enumFromInt(@ctz(alignment));
    const fresh = allocator.rawAlloc(size, by, @returnAddress()) orelse @trap();
    if (old_size > 0) @memcpy(fresh[0..@min(old_size, size)], old.?[0..@min(old_size, size)]);
    return fresh;
}

// ---- The Canonical ABI of wasi:mcp@0.1.0-preview2: records as extern structs ----

const runtime = "wasi:mcp/runtime@0.1.0-preview2";
const handlers = "wasi:mcp/handlers@0.1.0-preview2";

const Text = extern struct {
    bytes: [*]const u8 = "",
    length: usize = 0,

    fn of(slice: []const u8) Text {
        return .{ .bytes = slice.ptr, .length = slice.len };
    }
};

fn Option(comptime T: type) type {
    return extern struct { is_some: bool = false, value: T = if (T == bool) false else .{} };
}

const ServerInfo = extern struct {
    name: Text,
    version: Text,
    capabilities_before_tools: [38]u8 = @splat(0),
    has_tools: bool = true,
    tools_list_changed: Option(bool) = .{},
    capabilities_after_tools: [7]u8 = @splat(0),
    instructions: Option(Text) = .{},
};

const ToolDefinition = extern struct {
    name: Text,
    title: Option(Text) = .{},
    description: Text,
    input_schema: Text,
    output_schema: Option(Text) = .{},
    has_annotations: bool = false,
    annotations_title: Option(Text) = .{},
    hints: [4]Option(bool) = @splat(.{}),
};

const ContentBlock = extern struct {
    kind: u8 = 0, // text
    content_type: Text = .of("text"),
    text: Text,
    annotations_and_larger_kinds: [18]u32 = @splat(0),
};

const Error = extern struct { code: u8, message: Text, data: Option(Text) = .{} };
const Content = extern struct { blocks: *const ContentBlock, count: usize, is_error: Option(bool) };
const Result = extern struct { is_err: bool, value: extern union { ok: Content, err: Error } };

comptime {
    std.debug.assert(@sizeOf(ServerInfo) == 76 and @sizeOf(ToolDefinition) == 72);
    std.debug.assert(@sizeOf(ContentBlock) == 92 and @sizeOf(Result) == 28);
}

const register_server = @extern(*const fn (*const ServerInfo, *Result) callconv(.c) void, .{ .name = "register-server", .library_name = runtime });
const register_tools = @extern(*const fn ([*]const ToolDefinition, usize, *Result) callconv(.c) void, .{ .name = "register-tools", .library_name = runtime });
const runtime_serve = @extern(*const fn (*Result) callconv(.c) void, .{ .name = "serve", .library_name = runtime });

fn must(registered: Result) void {
    if (registered.is_err) @trap(); // the host knows why it refused, and says so
}

/// Exports what makes this program a component that serves `tools`.
pub fn serve(comptime name: []const u8, comptime version: []const u8, comptime tools: []const Tool) void {
    const Exports = struct {
        var answered: Result = undefined;

        fn initialize() callconv(.c) void {
            const definitions = comptime blk: {
                var list: [tools.len]ToolDefinition = undefined;
                for (&list, tools) |*one, from| one.* = .{
                    .name = .of(from.name),
                    .description = .of(from.description),
                    .input_schema = .of(from.schema),
                };
                break :blk list;
            };
            var done: Result = undefined;
            register_server(&.{ .name = .of(name), .version = .of(version) }, &done);
            must(done);
            register_tools(&definitions, definitions.len, &done);
            must(done);
            runtime_serve(&done);
            must(done);
        }

        fn callTool(wanted: [*]const u8, wanted_length: usize, json: [*]const u8, json_length: usize) callconv(.c) *Result {
            for (tools) |one| {
                if (std.mem.eql(u8, one.name, wanted[0..wanted_length])) {
                    return answer(one, json[0..json_length]) catch @trap(); // out of memory
                }
            }
            return refuse(6, "this component has no such tool");
        }

        fn answer(one: Tool, json: []const u8) !*Result {
            var said: std.io.Writer.Allocating = .init(allocator);
            var failed = false;
            one.call(json, &said.writer) catch |wrong| {
                failed = true;
                if (said.written().len == 0) try said.writer.writeAll(@errorName(wrong));
            };
            const block = try allocator.create(ContentBlock);
            block.* = .{ .text = .of(said.written()) };
            answered = .{ .is_err = false, .value = .{ .ok = .{
                .blocks = block,
                .count = 1,
                .is_error = .{ .is_some = true, .value = failed },
            } } };
            return &answered;
        }

        fn refuse(code: u8, message: []const u8) *Result {
            answered = .{ .is_err = true, .value = .{ .err = .{ .code = code, .message = .of(message) } } };
            return &answered;
        }

        fn callToolPost(_: *Result) callconv(.c) void {
            _ = arena.reset(.retain_capacity);
        }

        // The world's other handlers, which a component with nothing but tools has to export too.
        fn unsupported() *Result {
            return refuse(8, "this component has tools only");
        }
        fn text(_: [*]u8, _: usize) callconv(.c) *Result {
            return unsupported();
        }
        fn getPrompt(_: [*]u8, _: usize, _: i32, _: [*]u8, _: usize) callconv(.c) *Result {
            return unsupported();
        }
        fn complete(_: i32, _: [*]u8, _: usize) callconv(.c) *Result {
            return unsupported();
        }
        fn elicit(_: [*]u8, _: usize, _: [*]u8, _: usize) callconv(.c) *Result {
            return unsupported();
        }
    };
    @export(&realloc, .{ .name = "cabi_realloc" });
    @export(&Exports.initialize, .{ .name = "_initialize" });
    @export(&Exports.callTool, .{ .name = handlers ++ "#call-tool" });
    @export(&Exports.callToolPost, .{ .name = "cabi_post_" ++ handlers ++ "#call-tool" });
    @export(&Exports.text, .{ .name = handlers ++ "#read-resource" });
    @export(&Exports.getPrompt, .{ .name = handlers ++ "#get-prompt" });
    @export(&Exports.text, .{ .name = handlers ++ "#handle-subscribe" });
    @export(&Exports.text, .{ .name = handlers ++ "#handle-unsubscribe" });
    @export(&Exports.complete, .{ .name = handlers ++ "#handle-complete" });
    @export(&Exports.elicit, .{ .name = handlers ++ "#handle-elicit" });
}

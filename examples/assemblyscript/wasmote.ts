// SPDX-License-Identifier: MIT
// MCP tools in AssemblyScript, as a component of the world wasi:mcp/mcp-backend-preview2. The entry file calls serve() at
// its top level, which runs when the component is instantiated:
//
//     import { Tool, serve, Arguments } from "./wasmote";
//     export * from "./wasmote";
//
//     serve("greeter", "1.0.0", [
//         new Tool("greet", "Say hello.", '{"type":"object"}', (given: Arguments): string => "Hello, " + given.text("name", "world")),
//     ]);

import { Arguments } from "./wasmote_json";
export { Arguments };

// ---- What a component is made of ----

export class Tool {
    constructor(
        public name: string,
        public description: string,
        /** JSON Schema of the arguments, an object. */
        public schema: string,
        public call: (given: Arguments) => string,
    ) {}
}

/** What a tool returns to say that it failed: what is wrong, and what would be right. */
export function failed(why: string): string {
    answerFailed = true;
    return why;
}

/** Registers the component and its tools. */
export function serve(name: string, version: string, list: Tool[]): void {
    const info = new Record(76);
    info.text(0, name);
    info.text(8, version);
    info.flag(54); // capabilities.tools is some
    registerServer(info.at, RESULT);
    must();
    const definitions = new Record(72 * list.length);
    for (let i = 0; i < list.length; i++) {
        definitions.text(i * 72, list[i].name);
        definitions.text(i * 72 + 20, list[i].description);
        definitions.text(i * 72 + 28, list[i].schema);
    }
    registerTools(definitions.at, list.length, RESULT);
    must();
    runtimeServe(RESULT);
    must();
    tools = list;
    release();
}

// ---- The Canonical ABI of wasi:mcp@0.1.0-preview2: records are written field by field, at the offsets that it prescribes ----

@external("wasi:mcp/runtime@0.1.0-preview2", "register-server")
declare function registerServer(info: usize, out: usize): void;
@external("wasi:mcp/runtime@0.1.0-preview2", "register-tools")
declare function registerTools(list: usize, count: i32, out: usize): void;
@external("wasi:mcp/runtime@0.1.0-preview2", "serve")
declare function runtimeServe(out: usize): void;
@external("wasi:mcp/runtime@0.1.0-preview2", "log")
declare function runtimeLog(level: i32, text: usize, length: i32, hasData: i32, data: usize, size: i32, out: usize): void;

const RESULT = memory.data(28); // result<_, error>, and the answer of a handler
let tools: Tool[] = [];
let answerFailed = false;
let lent: usize[] = []; // blocks that the host reads: freed when it has

function must(): void {
    if (load<u8>(RESULT)) unreachable(); // the host knows why it refused, and says so
}

function lend(block: usize): usize {
    lent.push(block);
    return block;
}

function release(): void {
    for (let i = 0; i < lent.length; i++) heap.free(lent[i]);
    lent = [];
}

/** Bytes that the host reads, zero at first; gone after the call. */
class Record {
    at: usize;

    constructor(size: usize) {
        this.at = lend(heap.alloc(size));
        memory.fill(this.at, 0, size);
    }

    flag(offset: usize): void {
        store<u8>(this.at + offset, 1);
    }

    /** A string: AssemblyScript has UTF-16, the ABI wants UTF-8. */
    text(offset: usize, value: string): void {
        const length = String.UTF8.byteLength(value);
        const bytes = lend(heap.alloc(length));
        String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, bytes);
        store<usize>(this.at + offset, bytes);
        store<i32>(this.at + offset + 4, length);
    }
}

export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
    return oldSize ? heap.realloc(old, size) : heap.alloc(size); // aligned to 16
}

/** What came in by cabi_realloc: the callee frees it. */
function taken(text: usize, length: i32): string {
    const value = String.UTF8.decodeUnsafe(text, length);
    heap.free(text);
    return value;
}

export function handle_callTool(name: usize, nameLength: i32, json: usize, jsonLength: i32): usize {
    const wanted = taken(name, nameLength);
    const given = new Arguments(taken(json, jsonLength));
    for (let i = 0; i < tools.length; i++) {
        if (tools[i].name != wanted) continue;
        answerFailed = false;
        const call = tools[i].call;
        const block = new Record(92); // content-block, kind 0: text
        block.text(4, "text");
        block.text(12, call(given));
        memory.fill(RESULT, 0, 28);
        store<usize>(RESULT + 4, block.at);
        store<i32>(RESULT + 8, 1);
        store<u8>(RESULT + 12, 1); // is-error is some
        store<bool>(RESULT + 13, answerFailed);
        return RESULT;
    }
    return refuse(6, "this component has no such tool"); // tool-not-found
}

export function handle_callToolPost(result: usize): void {
    release();
    __collect(); // runtime "minimal": garbage is collected where nothing of a call is left on the stack
}

function refuse(code: u8, message: string): usize {
    const error = new Record(28);
    error.flag(0);
    store<u8>(error.at + 4, code);
    error.text(8, message);
    return error.at;
}

// The world's other handlers, which a component with nothing but tools has to export too.
function unsupported(text: usize): usize {
    heap.free(text);
    release();
    return refuse(8, "this component has tools only"); // unsupported-operation
}

export function handle_readResource(uri: usize, length: i32): usize {
    return unsupported(uri);
}

export function handle_getPrompt(name: usize, length: i32, hasArguments: i32, given: usize, size: i32): usize {
    if (hasArguments) heap.free(given);
    return unsupported(name);
}

export function handle_subscribe(uri: usize, length: i32): usize {
    return unsupported(uri);
}

export function handle_unsubscribe(uri: usize, length: i32): usize {
    return unsupported(uri);
}

export function handle_complete(kind: i32, value: usize, length: i32): usize {
    return unsupported(value);
}

export function handle_elicit(message: usize, length: i32, fields: usize, count: i32): usize {
    return unsupported(message);
}

/** What AssemblyScript calls before it traps, as for an index out of range: the reason goes to the log. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
    const said = new Record(8);
    said.text(0, (message ? message : "aborted") + " at " + (file ? file : "") + ":" + line.toString());
    runtimeLog(3, load<usize>(said.at), load<i32>(said.at, 4), 0, 0, 0, RESULT); // 3: error
    unreachable();
}

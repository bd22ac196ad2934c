// SPDX-License-Identifier: MIT
//! The Canonical ABI of wasi:mcp@0.1.0-preview2: records as `repr(C)` structs, imports and exports flattened. What the
//! macro `server!` exports is written here; nothing of it is for tools.

use crate::{Answer, Arguments, Tool};
use alloc::alloc::{Layout, alloc, realloc as grow};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem::size_of;

#[repr(C)]
#[derive(Clone, Copy)]
struct Text {
    bytes: *const u8,
    length: usize,
}

impl Text {
    const fn of(text: &str) -> Text {
        Text {
            bytes: text.as_ptr(),
            length: text.len(),
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
struct OptionText {
    is_some: bool,
    value: Text,
}

impl OptionText {
    const NONE: OptionText = OptionText {
        is_some: false,
        value: Text::of(""),
    };

    fn of(text: Option<&str>) -> OptionText {
        OptionText {
            is_some: text.is_some(),
            value: Text::of(text.unwrap_or("")),
        }
    }
}

#[repr(C)]
struct ServerInfo {
    name: Text,
    version: Text,
    capabilities_before_tools: [u8; 38],
    has_tools: bool,
    tools_list_changed: [bool; 2],
    capabilities_after_tools: [u8; 7],
    instructions: OptionText,
}

#[repr(C)]
struct ToolDefinition {
    name: Text,
    title: OptionText,
    description: Text,
    input_schema: Text,
    output_schema: OptionText,
    has_annotations: bool,
    annotations_title: OptionText,
    hints: [u8; 8],
}

#[repr(C)]
struct ContentBlock {
    kind: u8, // 0: text
    content_type: Text,
    text: Text,
    annotations_and_larger_kinds: [u32; 18],
}

/// `result<tool-result, error>`, which a handler returns, and behind it what it owns until the host has read it.
#[repr(C)]
pub struct Reply {
    is_err: bool,
    fields: [u32; 6], // content, count, is-error; or code, message, data
    block: ContentBlock,
    text: String,
}

/// `result<_, error>` of the imports.
type Done = [u32; 7];

const _: () = assert!(size_of::<ServerInfo>() == 76 && size_of::<ToolDefinition>() == 72);
const _: () = assert!(size_of::<ContentBlock>() == 92);

const TOOL_NOT_FOUND: u32 = 6; // error-code
const UNSUPPORTED_OPERATION: u32 = 8;

#[link(wasm_import_module = "wasi:mcp/runtime@0.1.0-preview2")]
unsafe extern "C" {
    #[link_name = "register-server"]
    fn register_server(info: *const ServerInfo, done: *mut Done);
    #[link_name = "register-tools"]
    fn register_tools(list: *const ToolDefinition, count: usize, done: *mut Done);
    #[link_name = "serve"]
    fn serve(done: *mut Done);
    #[link_name = "log"]
    fn log(level: i32, text: *const u8, length: usize, some: i32, data: *const u8, size: usize, done: *mut Done);
}

/// Sends an error to the client's log.
pub fn log_error(message: &str) {
    let mut done = Done::default();
    unsafe { log(3, message.as_ptr(), message.len(), 0, core::ptr::null(), 0, &mut done) }
}

fn must(done: Done) {
    if done[0] & 255 != 0 {
        core::arch::wasm32::unreachable(); // the host knows why it refused, and says so
    }
}

#[cfg(target_os = "wasi")]
unsafe extern "C" {
    /// wasi-libc's constructors. Were nobody to call them, the linker would, anew in each export.
    fn __wasm_call_ctors();
}

/// What comes first when the component is instantiated: registers it and its tools.
pub fn register(name: &str, version: &str, tools: &[Tool]) {
    #[cfg(target_os = "wasi")]
    unsafe {
        __wasm_call_ctors();
    }
    let mut done = Done::default();
    let info = ServerInfo {
        name: Text::of(name),
        version: Text::of(version),
        capabilities_before_tools: [0; 38],
        has_tools: true,
        tools_list_changed: [false; 2],
        capabilities_after_tools: [0; 7],
        instructions: OptionText::NONE,
    };
    let list: Vec<ToolDefinition> = tools
        .iter()
        .map(|tool| ToolDefinition {
            name: Text::of(tool.name),
            title: OptionText::of(tool.title),
            description: Text::of(tool.description),
            input_schema: Text::of(tool.schema),
            output_schema: OptionText::NONE,
            has_annotations: false,
            annotations_title: OptionText::NONE,
            hints: [0; 8],
        })
        .collect();
    unsafe {
        register_server(&info, &mut done);
        must(done);
        register_tools(list.as_ptr(), list.len(), &mut done);
        must(done);
        serve(&mut done);
        must(done);
    }
}

/// `cabi_realloc`: how the host passes strings in.
///
/// # Safety
/// As the Canonical ABI has it: `old` is null or a block of `old_size` bytes from here.
pub unsafe fn realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    if size == 0 {
        return align as *mut u8;
    }
    let fresh = unsafe {
        if old_size == 0 {
            alloc(Layout::from_size_align_unchecked(size, align))
        } else {
            grow(old, Layout::from_size_align_unchecked(old_size, align), size)
        }
    };
    if fresh.is_null() {
        core::arch::wasm32::unreachable();
    }
    fresh
}

/// A string that came in by `realloc`, which the callee owns.
///
/// # Safety
/// `bytes` is a block of `length` bytes from `realloc`, UTF-8, and nobody else's.
pub unsafe fn taken(bytes: *mut u8, length: usize) -> String {
    unsafe { String::from_raw_parts(bytes, length, length) }
}

/// The answer of the tool of this name.
pub fn call_tool(tools: &[Tool], name: String, json: String) -> *mut Reply {
    match tools.iter().find(|tool| tool.name == name) {
        Some(tool) => answered((tool.call)(&Arguments::new(&json))),
        None => refused(TOOL_NOT_FOUND, "this component has no such tool"),
    }
}

/// What a component with nothing but tools answers to everything else.
pub fn unsupported(_: String) -> *mut Reply {
    refused(UNSUPPORTED_OPERATION, "this component has tools only")
}

fn answered(answer: Answer) -> *mut Reply {
    let failed = answer.is_err();
    let text = answer.unwrap_or_else(|why| why);
    let block = ContentBlock {
        kind: 0,
        content_type: Text::of("text"),
        text: Text::of(&text),
        annotations_and_larger_kinds: [0; 18],
    };
    let mut reply = Box::new(Reply {
        is_err: false,
        fields: [0; 6],
        block,
        text,
    });
    let is_error = u32::from_le_bytes([1, failed as u8, 0, 0]); // some(failed)
    reply.fields = [&raw const reply.block as u32, 1, is_error, 0, 0, 0];
    Box::into_raw(reply)
}

fn refused(code: u32, message: &'static str) -> *mut Reply {
    let reply = answered(Ok(String::new()));
    unsafe {
        (*reply).is_err = true;
        (*reply).fields = [code, message.as_ptr() as u32, message.len() as u32, 0, 0, 0];
    }
    reply
}

/// Frees an answer that the host has read.
///
/// # Safety
/// `reply` is from one of the handlers above, and given once.
pub unsafe fn release(reply: *mut Reply) {
    drop(unsafe { Box::from_raw(reply) });
}

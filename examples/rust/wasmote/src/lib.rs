// SPDX-License-Identifier: MIT
//! MCP tools in Rust, as a component of the world `wasi:mcp/mcp-backend-preview2`, with std or without.
//!
//! ```ignore
//! fn greet(given: &Arguments) -> Answer {
//!     Ok(format!("Hello, {}", given.text("name").unwrap_or("world".into())))
//! }
//!
//! wasmote::server!("greeter", "1.0.0", [Tool {
//!     name: "greet",
//!     title: None,
//!     description: "Say hello.",
//!     schema: r#"{"type":"object","properties":{"name":{"type":"string"}}}"#,
//!     call: greet,
//! }]);
//! ```
#![no_std]
extern crate alloc;

pub mod abi;
mod arguments;
#[cfg(feature = "freestanding")]
mod freestanding;

pub use arguments::Arguments;

/// What a tool says, or what is wrong and what would be right.
pub type Answer = Result<alloc::string::String, alloc::string::String>;

pub struct Tool {
    pub name: &'static str,
    pub title: Option<&'static str>,
    pub description: &'static str,
    /// JSON Schema of the arguments, an object.
    pub schema: &'static str,
    pub call: fn(&Arguments) -> Answer,
}

/// Makes the crate a component that serves these tools: its exports, and its registration when it is instantiated.
#[macro_export]
macro_rules! server {
    ($name:expr, $version:expr, $tools:expr) => {
        static TOOLS: &[$crate::Tool] = &$tools;

        #[unsafe(export_name = "_initialize")]
        extern "C" fn wasmote_initialize() {
            $crate::abi::register($name, $version, TOOLS);
        }

        #[unsafe(export_name = "cabi_realloc")]
        unsafe extern "C" fn wasmote_realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
            unsafe { $crate::abi::realloc(old, old_size, align, size) }
        }

        #[unsafe(export_name = "wasi:mcp/handlers@0.1.0-preview2#call-tool")]
        unsafe extern "C" fn wasmote_call_tool(name: *mut u8, n: usize, json: *mut u8, m: usize) -> *mut $crate::abi::Reply {
            unsafe { $crate::abi::call_tool(TOOLS, $crate::abi::taken(name, n), $crate::abi::taken(json, m)) }
        }

        #[unsafe(export_name = "cabi_post_wasi:mcp/handlers@0.1.0-preview2#call-tool")]
        unsafe extern "C" fn wasmote_call_tool_post(reply: *mut $crate::abi::Reply) {
            unsafe { $crate::abi::release(reply) }
        }

        $crate::server!(@unsupported wasmote_read_resource "read-resource" (uri: *mut u8, n: usize) uri n);
        $crate::server!(@unsupported wasmote_get_prompt "get-prompt"
            (name: *mut u8, n: usize, _some: i32, _given: *mut u8, _m: usize) name n);
        $crate::server!(@unsupported wasmote_subscribe "handle-subscribe" (uri: *mut u8, n: usize) uri n);
        $crate::server!(@unsupported wasmote_unsubscribe "handle-unsubscribe" (uri: *mut u8, n: usize) uri n);
        $crate::server!(@unsupported wasmote_complete "handle-complete" (_kind: i32, value: *mut u8, n: usize) value n);
        $crate::server!(@unsupported wasmote_elicit "handle-elicit"
            (message: *mut u8, n: usize, _fields: *mut u8, _m: usize) message n);
    };
    // The world's other handlers, which a component with nothing but tools has to export too.
    (@unsupported $name:ident $export:literal ($($parameter:ident: $type:ty),*) $text:ident $length:ident) => {
        #[unsafe(export_name = concat!("wasi:mcp/handlers@0.1.0-preview2#", $export))]
        unsafe extern "C" fn $name($($parameter: $type),*) -> *mut $crate::abi::Reply {
            unsafe { $crate::abi::unsupported($crate::abi::taken($text, $length)) }
        }
        const _: () = {
            #[unsafe(export_name = concat!("cabi_post_wasi:mcp/handlers@0.1.0-preview2#", $export))]
            unsafe extern "C" fn post(reply: *mut $crate::abi::Reply) {
                unsafe { $crate::abi::release(reply) }
            }
        };
    };
}

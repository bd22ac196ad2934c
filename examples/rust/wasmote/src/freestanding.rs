// SPDX-License-Identifier: MIT
//! What std would bring: an allocator that fits a board, and what happens on a panic.

use alloc::format;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;

const PAGE: usize = 65536;

/// A bump allocator that begins anew when the last block is freed, as it is after each call of a component whose state is
/// in statics. A block that was allocated last grows and shrinks in place.
struct Bump {
    top: Cell<usize>, // 0 before the first block
    live: Cell<usize>,
}

unsafe impl Sync for Bump {} // there are no threads in a component

#[global_allocator]
static BUMP: Bump = Bump {
    top: Cell::new(0),
    live: Cell::new(0),
};

unsafe extern "C" {
    static __heap_base: u8; // the linker's: where static data and stack end
}

impl Bump {
    /// Moves the top to `end`, with memory up to there. False if there is none.
    fn extend(&self, end: usize) -> bool {
        let have = core::arch::wasm32::memory_size(0) * PAGE;
        if end > have && core::arch::wasm32::memory_grow(0, (end - have).div_ceil(PAGE)) == usize::MAX {
            return false;
        }
        self.top.set(end);
        true
    }
}

unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.live.get() == 0 {
            self.top.set(&raw const __heap_base as usize);
        }
        let at = self.top.get().next_multiple_of(layout.align());
        if !self.extend(at + layout.size()) {
            return core::ptr::null_mut();
        }
        self.live.set(self.live.get() + 1);
        at as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.live.set(self.live.get() - 1);
        if block as usize + layout.size() == self.top.get() {
            self.top.set(block as usize);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if block as usize + layout.size() == self.top.get() {
            return if self.extend(block as usize + size) {
                block
            } else {
                core::ptr::null_mut()
            };
        }
        unsafe {
            let fresh = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !fresh.is_null() {
                fresh.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            fresh
        }
    }
}

/// The reason goes to the client's log, then the component traps and starts anew at its next call.
#[panic_handler]
fn panic(why: &core::panic::PanicInfo) -> ! {
    crate::abi::log_error(&format!("{why}"));
    core::arch::wasm32::unreachable()
}

//! What a process holds: tasks of its runtime, memory, open files.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// Bytes that Rust code has taken and not given back.
static HELD: AtomicI64 = AtomicI64::new(0);

/// The system's allocator, with a count of what is held. The chaos program runs on it.
#[derive(Debug)]
pub struct Counted;

fn count(bytes: usize, sign: i64) {
    // What is held fits in an i64, or there is no such memory.
    HELD.fetch_add(sign * bytes as i64, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came; the count beside it touches no memory of the caller.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller keeps what `GlobalAlloc::alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the caller keeps what `GlobalAlloc::dealloc` asks for; `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), -1);
        count(size, 1);
        // SAFETY: the caller keeps what `GlobalAlloc::realloc` asks for; `pointer` came from `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What a process holds at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Tasks of the runtime that have not ended.
    pub tasks: i64,
    /// Bytes that Rust code holds; 0 where the program does not run on [`Counted`].
    pub memory: i64,
    /// Files and sockets that are open.
    pub files: i64,
}

impl Left {
    /// What this process holds now.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub fn now() -> Self {
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let files = std::fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or(0);
        Self { tasks: whole(tasks), memory: HELD.load(Ordering::Relaxed), files: whole(files) }
    }

    /// What is held now beyond `before`.
    #[must_use]
    pub fn beyond(self, before: Self) -> Self {
        Self { tasks: self.tasks - before.tasks, memory: self.memory - before.memory, files: self.files - before.files }
    }

    /// Whether all of it is at most `other`.
    pub fn within(self, other: Self) -> bool {
        self.tasks <= other.tasks && self.memory <= other.memory && self.files <= other.files
    }

    /// The greater of each.
    #[must_use]
    pub fn or_more(self, other: Self) -> Self {
        Self {
            tasks: self.tasks.max(other.tasks),
            memory: self.memory.max(other.memory),
            files: self.files.max(other.files),
        }
    }
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

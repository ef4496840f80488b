//! The allocator of the C library, told to give memory back.

/// Makes glibc keep little memory that nobody uses; without effect elsewhere. To be called while there is
/// one thread.
///
/// By default it has up to eight arenas per core, each with gaps of its own, and comes to carve ever larger
/// blocks out of them after the first large one is freed (`mallopt(3)`): the peak of a long run then grows
/// with its length. `threads` arenas are enough for as many threads that compute, and blocks of 128 KiB,
/// where text, tokens and pages of Parquet lie, go back to the system when they are freed.
pub fn give_memory_back(threads: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    set(threads);
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = threads;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library has no other way to set its allocator up")]
fn set(threads: usize) {
    const BLOCK: i32 = 128 << 10;
    let arenas = i32::try_from(threads).unwrap_or(i32::MAX);
    // SAFETY: mallopt sets numbers of the allocator and may be called at any time; that it fails for a
    // number out of range changes nothing.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, arenas);
        libc::mallopt(libc::M_MMAP_THRESHOLD, BLOCK);
        libc::mallopt(libc::M_TRIM_THRESHOLD, BLOCK);
    }
}

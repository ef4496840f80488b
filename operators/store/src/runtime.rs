//! Waiting for stores from threads that do not run a tokio runtime.

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

/// Threads that talk to stores on behalf of threads that compute.
const THREADS: usize = 2;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let built = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("store")
        .enable_all()
        .build();
    built.expect("a process can have threads")
});

/// Waits for something that a store gives. Must not be called from a thread of a tokio runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

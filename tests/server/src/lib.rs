//! A real S3 server for tests, with faults in front of it.
//!
//! Responsible for a server on a port of this machine whose requests fail as they are told to. Not
//! responsible for what S3 is: that is `s3s`, over a folder by `s3s-fs`.
//!
//! What differs from the service by Amazon:
//!
//! - `s3s-fs` looks at a condition (`If-None-Match`, `If-Match`) first and writes then. The layer in front lets
//!   one writing request through at a time, which makes both one step.
//! - An upload in parts that is complete is forgotten: asked to complete it again, the server says that it is
//!   not there, as Amazon does after a while. (`s3s-fs` says "403 Access Denied"; the layer in front corrects it.)
//! - Keys are names of files: `a` and `a/b` cannot both be there, and no part of a key may have more than 255
//!   bytes.
//! - A bucket is a folder, made by [`S3Server::bucket`].

mod faults;
mod service;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub use faults::{Fault, Faults};

use service::Service;

const KEY: &str = "AKIATEST";
const SECRET: &str = "secret of the test server";

/// A server on a free port. It ends when it is dropped.
pub struct S3Server {
    address: SocketAddr,
    service: Arc<Service>,
    folder: TempDir,
    runtime: Option<Runtime>,
}

impl S3Server {
    /// Starts one, on threads of its own.
    ///
    /// # Panics
    ///
    /// If there is no folder for it, or no port.
    #[must_use]
    pub fn start() -> Self {
        Self::try_start().expect("a server can be started")
    }

    fn try_start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let files =
            FileSystem::new(folder.path()).map_err(|e| io::Error::other(format!("{e:?}")))?;
        let mut store = S3ServiceBuilder::new(files);
        store.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = Arc::new(Service::new(store.build()));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        runtime.spawn(accept(listener, Arc::clone(&service)));
        Ok(Self { address, service, folder, runtime: Some(runtime) })
    }

    /// The URL of the server.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a process finds it by: variables and their values.
    pub fn environment(&self) -> Vec<(String, String)> {
        let endpoint = self.endpoint();
        let variables = [
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// Makes a bucket, if it is not there yet. The folder that its objects are files of.
    ///
    /// # Panics
    ///
    /// If the disk is full.
    pub fn bucket(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a bucket can be made");
        folder
    }

    /// What goes wrong from now on. `Faults::default()` ends it.
    pub fn faults(&self, faults: Faults) {
        self.service.state(|state| (state.faults, state.number) = (faults, 0));
    }

    /// Every connection is cut, those there are and those to come, for so long.
    pub fn outage(&self, duration: Duration) {
        self.service.state(|state| state.out_until = Some(Instant::now() + duration));
    }

    /// Requests of a method that have arrived so far, "PUT" for example.
    pub fn requests(&self, method: &str) -> u64 {
        self.service.state(|state| state.requests.get(method).copied().unwrap_or_default())
    }

    /// How often a fault has struck so far.
    pub fn struck(&self, fault: Fault) -> u64 {
        self.service.state(|state| state.struck.get(&fault).copied().unwrap_or_default())
    }

    /// Stops it: connections are refused from now on.
    pub fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // On a thread of its own, for threads of other runtimes may not wait.
            let end = std::thread::spawn(|| runtime.shutdown_timeout(Duration::from_secs(1)));
            let _ = end.join();
        }
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: std::net::TcpListener, service: Arc<Service>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut number = 0_u64;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        number += 1;
        // Half of the connections end by a reset when they are cut, the others as if all had been said.
        if number.is_multiple_of(2) || service.is_out() {
            let _ = stream.set_zero_linger();
        }
        let _ = stream.set_nodelay(true);
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            if service.is_out() {
                return;
            }
            let answer = service_fn(|request| service.answer(request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), answer);
            let _ = connection.await;
        });
    }
}

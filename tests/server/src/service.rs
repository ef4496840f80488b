//! Answers requests, or fails to.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use s3s::service::S3Service;

use crate::faults::{Fault, Faults};

type Answer = Response<BoxBody<Bytes, io::Error>>;

/// A store with faults in front of it.
pub(crate) struct Service {
    store: S3Service,
    state: Mutex<State>,
    /// Held by who writes: the store looks at conditions first and writes then, and a real one does both at once.
    writing: tokio::sync::Mutex<()>,
}

/// What changes while requests come.
#[derive(Default)]
pub(crate) struct State {
    pub faults: Faults,
    /// Requests since the faults were set.
    pub number: u64,
    pub requests: BTreeMap<String, u64>,
    pub struck: BTreeMap<Fault, u64>,
    pub out_until: Option<Instant>,
}

impl State {
    /// What happens to the next request.
    fn draw(&mut self) -> Option<Fault> {
        self.number += 1;
        let fault = self.faults.draw(self.number)?;
        match &mut self.faults.limit {
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                Some(fault)
            }
            None => Some(fault),
        }
    }
}

impl Service {
    pub fn new(store: S3Service) -> Self {
        Self { store, state: Mutex::default(), writing: tokio::sync::Mutex::default() }
    }

    pub fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn is_out(&self) -> bool {
        self.state(|state| state.out_until.is_some_and(|until| Instant::now() < until))
    }

    /// An error closes the connection.
    pub async fn answer(&self, request: Request<Incoming>) -> io::Result<Answer> {
        if self.is_out() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let (fault, stall) = self.state(|state| {
            *state.requests.entry(request.method().to_string()).or_default() += 1;
            (state.draw(), state.faults.stall)
        });
        let Some(fault) = fault else { return self.carry_out(request).await.map(whole) };
        let before = matches!(fault, Fault::Internal | Fault::SlowDown | Fault::ResetBefore);
        let answer = if before { None } else { Some(self.carry_out(request).await?) };
        let has_body = answer.as_ref().is_some_and(|answer| answer.body().len() > 1);
        if fault == Fault::Truncate && !has_body {
            return answer.map(whole).ok_or_else(|| io::ErrorKind::Other.into());
        }
        self.state(|state| *state.struck.entry(fault).or_default() += 1);
        match (fault, answer) {
            (Fault::Internal | Fault::InternalAfter, _) => Ok(whole(failure(500, "InternalError"))),
            (Fault::SlowDown, _) => Ok(whole(failure(503, "SlowDown"))),
            (Fault::Truncate, Some(answer)) => Ok(cut(answer)),
            (Fault::Stall, Some(answer)) => {
                tokio::time::sleep(stall).await;
                Ok(whole(answer))
            }
            _ => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    async fn carry_out(&self, request: Request<Incoming>) -> io::Result<Response<Bytes>> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let of_upload = request.uri().query().is_some_and(|query| query.contains("uploadId="));
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let request = Request::from_parts(parts, s3s::Body::from(body));
        let _one = if reads { None } else { Some(self.writing.lock().await) };
        let answer = self
            .store
            .call(request)
            .await
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        let (parts, body) = answer.into_parts();
        let body = BodyExt::collect(body).await.map_err(io::Error::other)?.to_bytes();
        let unknown = of_upload && body.windows(12).any(|code| code == b"AccessDenied");
        if unknown {
            return Ok(failure(404, "NoSuchUpload"));
        }
        Ok(Response::from_parts(parts, body))
    }
}

fn whole(answer: Response<Bytes>) -> Answer {
    answer.map(|body| Full::new(body).map_err(|never| match never {}).boxed())
}

/// Half of it, and then nothing more.
fn cut(mut answer: Response<Bytes>) -> Answer {
    let length = answer.body().len();
    answer.headers_mut().insert("content-length", length.into());
    answer.map(|body| {
        let half = stream::iter([Ok(Frame::data(body.slice(..body.len() / 2)))]);
        let lost = stream::once(async {
            // What is cut off at once takes along what was not read yet.
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(io::ErrorKind::ConnectionReset.into())
        });
        BodyExt::boxed(StreamBody::new(half.chain(lost)))
    })
}

fn failure(status: u16, code: &str) -> Response<Bytes> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code>\
         <Message>said by the layer in front</Message></Error>"
    );
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    answer
}

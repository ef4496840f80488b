#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::Command;

use backstory_test_server::{Fault, Faults, S3Server};
use tokio::runtime::{Builder, Runtime};

use super::*;

const SHORT: Term = Term {
    expiry: Duration::from_millis(900),
    renewal: Duration::from_millis(150),
    look: Duration::from_millis(20),
};

/// Longer than a test takes.
const LONG: Term = Term { expiry: Duration::from_mins(10), ..SHORT };

/// A run of another machine, as far as others can tell.
fn elsewhere() -> Holder {
    Holder { system: "another".to_owned(), ..Holder::myself() }
}

/// A place in a bucket, where nothing is tried twice.
fn place(server: &S3Server) -> Location {
    server.bucket("bucket");
    let mut variables = server.environment();
    variables.push(("BACKSTORY_STORE_RETRY_SECONDS".to_owned(), "0".to_owned()));
    let variables = variables.into_iter().collect();
    Location::open_with("s3://bucket/out", Path::new("."), &variables).unwrap()
}

/// What runs on it stands still unless it is driven, as a process does that is stopped. It shares no connections
/// with others.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn refused(taken: Result<Hold, OutputError>) -> String {
    match taken {
        Err(OutputError::Busy { holder, .. }) => holder,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two hold it"),
    }
}

#[tokio::test]
async fn a_lease_that_is_renewed_keeps_others_out() {
    let server = S3Server::start();
    let place = place(&server);
    let first = Hold::take_as(elsewhere(), &place, SHORT).await.unwrap();
    for _ in 0..3 {
        let name = refused(Hold::take_as(elsewhere(), &place, SHORT).await);
        assert!(name.starts_with(&format!("run {}, process ", first.holder().run)), "{name}");
    }
    sleep(2 * SHORT.expiry).await;
    first.check().await.unwrap();
    first.release().await;
    let begin = Instant::now();
    Hold::take_as(elsewhere(), &place, LONG).await.unwrap();
    assert!(begin.elapsed() < LONG.expiry);
}

#[test]
fn a_lease_that_is_not_renewed_goes_to_who_waits_for_its_end() {
    let server = S3Server::start();
    let (stalled, waiting) = (runtime(), runtime());
    let first = stalled.block_on(Hold::take_as(elsewhere(), &place(&server), SHORT)).unwrap();
    let begin = Instant::now();
    let second = waiting.block_on(Hold::take_as(elsewhere(), &place(&server), SHORT)).unwrap();
    assert!(begin.elapsed() >= SHORT.expiry);
    waiting.block_on(second.check()).unwrap();
    // As soon as it goes on, and not after the next renewal.
    assert!(matches!(stalled.block_on(first.check()), Err(OutputError::TakenOver)));
    // What it lets go of is not its own.
    stalled.block_on(first.release());
    waiting.block_on(async {
        sleep(2 * SHORT.renewal).await;
        second.check().await.unwrap();
    });
}

#[test]
fn a_lease_of_a_process_that_is_gone_is_not_waited_for() {
    let server = S3Server::start();
    let place = place(&server);
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let gone = Holder { process: child.id(), ..Holder::myself() };
    // Whose number another process has by now.
    let reused = Holder { began: 1, ..Holder::myself() };
    runtime().block_on(async {
        for (holder, waits) in [(gone, false), (reused, false), (elsewhere(), true)] {
            let lease = serde_json::to_vec(&holder).unwrap();
            place.root().put(&place.path("_backstory/lease"), lease.into()).await.unwrap();
            let begin = Instant::now();
            let hold = Hold::take_as(elsewhere(), &place, SHORT).await.unwrap();
            assert_eq!(begin.elapsed() >= SHORT.expiry, waits);
            hold.release().await;
        }
    });
}

/// Of those that find an expired lease, one takes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_expired_lease_is_taken_once() {
    let server = S3Server::start();
    let place = place(&server);
    let lease = serde_json::to_vec(&elsewhere()).unwrap();
    place.root().put(&place.path("_backstory/lease"), lease.into()).await.unwrap();
    let takers = (0..6).map(|number| {
        let place = place.clone();
        tokio::spawn(async move {
            sleep(Duration::from_millis(number)).await;
            Hold::take_as(elsewhere(), &place, SHORT).await
        })
    });
    let taken = futures::future::try_join_all(takers).await.unwrap();
    assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1);
    taken.into_iter().filter(Result::is_err).for_each(|taken| drop(refused(taken)));
}

/// The request was given up, and had been carried out: the version that the holder knows is none any more.
#[tokio::test]
async fn a_renewal_of_which_nothing_is_known_loses_no_lease() {
    let server = S3Server::start();
    let place = place(&server);
    let hold = Hold::take_as(elsewhere(), &place, SHORT).await.unwrap();
    for fault in [Fault::InternalAfter, Fault::ResetAfter, Fault::Internal] {
        let (kinds, stall) = (vec![fault], Duration::ZERO);
        let before = server.requests("PUT");
        server.faults(Faults { seed: 1, rate: 1.0, kinds, limit: Some(1), stall });
        while server.requests("PUT") < before + 3 {
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(server.struck(fault), 1);
        hold.check().await.unwrap();
    }
    hold.release().await;
}

/// As a lock in a folder: whether it gets on or not.
#[test]
fn a_process_of_this_system_that_is_alive_is_not_waited_for() {
    let server = S3Server::start();
    let stalled = runtime();
    let first = stalled.block_on(Hold::take_as(Holder::myself(), &place(&server), SHORT)).unwrap();
    let name = refused(runtime().block_on(Hold::take_as(elsewhere(), &place(&server), LONG)));
    assert!(name.contains(&first.holder().run), "{name}");
}

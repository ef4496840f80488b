//! What S3 promises, seen through a client: conditions, parts, lists, deletions; and that faults strike.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use backstory_test_server::{Fault, Faults, S3Server};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig,
    UpdateVersion, WriteMultipart,
};

fn client(server: &S3Server, bucket: &str) -> AmazonS3 {
    server.bucket(bucket);
    let options = ClientOptions::new().with_timeout(Duration::from_secs(1)).with_allow_http(true);
    let builder = AmazonS3Builder::new().with_client_options(options).with_bucket_name(bucket);
    let builder = server.environment().iter().fold(builder, |builder, (name, value)| {
        builder.with_config(name.to_lowercase().parse().unwrap(), value)
    });
    let once = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    builder.with_retry(once).build().unwrap()
}

async fn put_if(
    store: &AmazonS3,
    path: &Path,
    content: &str,
    mode: PutMode,
) -> object_store::Result<Option<String>> {
    let content = content.to_owned().into();
    store.put_opts(path, content, PutOptions::from(mode)).await.map(|put| put.e_tag)
}

fn update(e_tag: Option<String>) -> PutMode {
    PutMode::Update(UpdateVersion { e_tag, version: None })
}

#[tokio::test]
async fn conditions_hold() {
    let server = S3Server::start();
    let store = client(&server, "conditions");
    let path = Path::from("a/b");
    let first = put_if(&store, &path, "1", PutMode::Create).await.unwrap();
    let again = put_if(&store, &path, "2", PutMode::Create).await.unwrap_err();
    assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");
    let second = put_if(&store, &path, "3", update(first.clone())).await.unwrap();
    let stale = put_if(&store, &path, "4", update(first)).await.unwrap_err();
    assert!(matches!(stale, Error::Precondition { .. }), "{stale}");
    let nothing = put_if(&store, &Path::from("none"), "5", update(second)).await.unwrap_err();
    assert!(matches!(nothing, Error::Precondition { .. }), "{nothing}");
    assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), "3");
}

/// Of many who create the same object one does, and it is that one's content which is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_creates() {
    let server = S3Server::start();
    let store = client(&server, "race");
    for round in 0..20 {
        let path = Path::from(format!("{round}"));
        let contents: Vec<_> = (0..16).map(|writer| format!("by {writer}")).collect();
        let puts = contents.iter().map(|content| put_if(&store, &path, content, PutMode::Create));
        let results = futures::future::join_all(puts).await;
        let winners: Vec<_> = (0..16).filter(|&writer| results[writer].is_ok()).collect();
        let [winner] = winners[..] else { panic!("{winners:?} have created it") };
        let found = store.get(&path).await.unwrap().bytes().await.unwrap();
        assert_eq!(found, contents[winner].as_bytes());
    }
}

#[tokio::test]
async fn parts_become_one_object() {
    let server = S3Server::start();
    let store = client(&server, "parts");
    let path = Path::from("large");
    let content: Vec<u8> = (0..12_000_000_u32).map(|at| (at / 1000) as u8).collect();
    let mut upload = WriteMultipart::new(store.put_multipart(&path).await.unwrap());
    content.chunks(999_999).for_each(|chunk| upload.write(chunk));
    assert!(store.head(&path).await.is_err(), "nothing is there before the end");
    upload.finish().await.unwrap();
    assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), content);
    assert_eq!(
        store.get_range(&path, 5_000_000..5_000_010).await.unwrap(),
        content[5_000_000..5_000_010]
    );
}

#[tokio::test]
async fn lists_and_deletes() {
    let server = S3Server::start();
    let store = client(&server, "lists");
    let names = ["a/1", "a/2", "a b/ü%", "ab/3", "c"].map(Path::from);
    for name in &names {
        store.put(name, Bytes::from_static(b"x").into()).await.unwrap();
    }
    let listed = async |prefix: Option<&str>| -> Vec<Path> {
        let prefix = prefix.map(Path::from);
        let found: Vec<_> = store.list(prefix.as_ref()).try_collect().await.unwrap();
        found.into_iter().map(|object| object.location).collect()
    };
    let mut all = names.to_vec();
    all.sort();
    assert_eq!(listed(None).await, all);
    assert_eq!(listed(Some("a")).await, names[..2]);
    let level = store.list_with_delimiter(None).await.unwrap();
    assert_eq!(level.common_prefixes.len(), 3);
    assert_eq!(level.objects.len(), 1);
    let gone = futures::stream::iter(names[..3].to_vec()).map(Ok).boxed();
    store.delete_stream(gone).try_collect::<Vec<_>>().await.unwrap();
    store.delete(&names[0]).await.unwrap();
    assert_eq!(listed(None).await, names[3..]);
}

#[tokio::test]
async fn keys_count() {
    let server = S3Server::start();
    let mut variables = server.environment();
    variables[1].1 = "wrong".to_owned();
    server.bucket("keys");
    let builder = variables.iter().fold(AmazonS3Builder::new(), |builder, (name, value)| {
        builder.with_config(name.to_lowercase().parse().unwrap(), value)
    });
    let store = builder.with_bucket_name("keys").build().unwrap();
    let refused = store.put(&Path::from("a"), "1".into()).await.unwrap_err();
    assert!(matches!(refused, Error::PermissionDenied { .. }), "{refused}");
}

/// Each fault does what it says, and whether the object is there afterwards is what it says, too.
#[tokio::test]
async fn faults_strike() {
    let server = S3Server::start();
    let store = client(&server, "faults");
    for (fault, done) in [
        (Fault::Internal, false),
        (Fault::InternalAfter, true),
        (Fault::SlowDown, false),
        (Fault::ResetBefore, false),
        (Fault::ResetAfter, true),
        (Fault::Stall, true),
    ] {
        let path = Path::from(format!("{fault:?}"));
        let stall = Duration::from_secs(5);
        server.faults(Faults { seed: 1, rate: 1.0, kinds: vec![fault], stall, limit: None });
        store.put(&path, "x".into()).await.unwrap_err();
        server.faults(Faults::default());
        assert_eq!(server.struck(fault), 1, "{fault:?}");
        assert_eq!(store.head(&path).await.is_ok(), done, "{fault:?}");
    }
    let path = Path::from("whole");
    store.put(&path, vec![7; 100_000].into()).await.unwrap();
    server.faults(Faults { seed: 1, rate: 1.0, kinds: vec![Fault::Truncate], ..Faults::default() });
    store.get(&path).await.unwrap().bytes().await.unwrap_err();
    assert_eq!(server.struck(Fault::Truncate), 1);
}

/// Why nobody should rely on the client alone: what it tries again is refused by what it has written.
#[tokio::test]
async fn the_client_takes_its_own_object_for_another() {
    let server = S3Server::start();
    server.bucket("own");
    let builder = server.environment().iter().fold(AmazonS3Builder::new(), |builder, variable| {
        builder.with_config(variable.0.to_lowercase().parse().unwrap(), &variable.1)
    });
    let store = builder.with_bucket_name("own").build().unwrap();
    let kinds = vec![Fault::InternalAfter];
    server.faults(Faults { seed: 1, rate: 1.0, kinds, limit: Some(1), ..Faults::default() });
    let put = put_if(&store, &Path::from("x"), "mine", PutMode::Create).await.unwrap_err();
    assert!(matches!(put, Error::AlreadyExists { .. }), "{put}");
    assert_eq!(server.requests("PUT"), 2);
}

#[tokio::test]
async fn faults_are_as_frequent_as_asked_for_and_the_same_each_time() {
    let server = S3Server::start();
    let store = client(&server, "rate");
    let fates = async |seed| {
        server.faults(Faults {
            seed,
            rate: 0.3,
            kinds: vec![Fault::SlowDown],
            ..Faults::default()
        });
        let mut fates = vec![];
        for _ in 0..300 {
            fates.push(store.put(&Path::from("x"), "x".into()).await.is_ok());
        }
        fates
    };
    let (one, same, other) = (fates(1).await, fates(1).await, fates(2).await);
    assert_eq!(one, same);
    assert_ne!(one, other);
    let failed = one.iter().filter(|well| !**well).count();
    assert!((60..120).contains(&failed), "{failed} of 300");
}

#[tokio::test]
async fn an_outage_ends() {
    let mut server = S3Server::start();
    let store = client(&server, "outage");
    store.put(&Path::from("x"), "x".into()).await.unwrap();
    server.outage(Duration::from_millis(300));
    store.get(&Path::from("x")).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(400)).await;
    store.get(&Path::from("x")).await.unwrap();
    server.stop();
    store.get(&Path::from("x")).await.unwrap_err();
}

//! What is kept is found again, wherever that is: in a folder, in memory, in a bucket that fails often.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use backstory_core::{Answers, Digest};
use backstory_keep::{Place, Shelves};
use backstory_store::{Location, Variables};
use backstory_test_server::{Fault, Faults, S3Server};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;

/// The same place, opened anew as by another process.
type Open = Box<dyn Fn() -> Place>;

fn folder(path: &Path) -> Open {
    let path = path.join("of/answers");
    Box::new(move || Place::Folder { path: path.clone(), own: true })
}

fn bucket(server: &S3Server) -> Location {
    server.bucket("kept");
    let variables: Variables = server.environment().into_iter().collect();
    Location::open_with("s3://kept/of/answers", Path::new("."), &variables).unwrap()
}

fn store(location: Location) -> Open {
    Box::new(move || Place::Store { location: location.clone(), own: true })
}

async fn keep(shelves: &Shelves, key: Digest, content: &Bytes) {
    let put = shelves.put(key, content.clone()).await.unwrap();
    shelves.settle(put).await.unwrap();
}

async fn listed(shelves: &Shelves) -> Vec<(Digest, u64)> {
    shelves.list().try_collect().await.unwrap()
}

/// Puts, puts over, removes and looks for objects as a map does.
async fn behaves_like_a_map(open: Open) {
    let mut reference: BTreeMap<Digest, Bytes> = BTreeMap::new();
    let mut shelves = Shelves::new(open());
    assert_eq!(listed(&shelves).await, []);
    shelves.remove(Digest::of("0")).await.unwrap();
    for step in 0..120_u64 {
        let key = Digest::of((step * step % 37).to_string());
        if step % 5 == 4 {
            shelves.remove(key).await.unwrap();
            reference.remove(&key);
        } else {
            let content = Bytes::from(vec![step as u8; (step * 97 % 3000) as usize]);
            keep(&shelves, key, &content).await;
            reference.insert(key, content);
        }
        if step % 17 == 0 {
            shelves = Shelves::new(open());
        }
        assert_eq!(shelves.read(key).await.unwrap(), reference.get(&key).cloned());
    }
    let sizes: Vec<_> =
        reference.iter().map(|(key, content)| (*key, content.len() as u64)).collect();
    assert!(sizes.len() > 10);
    assert_eq!(listed(&shelves).await, sizes);
    for (key, content) in &reference {
        assert_eq!(shelves.read(*key).await.unwrap().as_ref(), Some(content));
    }
}

#[tokio::test]
async fn a_folder_is_like_a_map() {
    let place = tempfile::tempdir().unwrap();
    behaves_like_a_map(folder(place.path())).await;
}

#[tokio::test]
async fn memory_is_like_a_map() {
    let location = Location::open("memory://kept/of/answers", Path::new(".")).unwrap();
    behaves_like_a_map(store(location)).await;
}

#[tokio::test]
async fn a_bucket_that_fails_often_is_like_a_map() {
    let server = S3Server::start();
    let kinds = Fault::ALL.into_iter().filter(|fault| *fault != Fault::Stall).collect();
    server.faults(Faults { seed: 3, rate: 0.3, kinds, ..Faults::default() });
    behaves_like_a_map(store(bucket(&server))).await;
    assert!(server.struck(Fault::ResetAfter) > 10);
}

/// Who reads while others write finds an object whole or not at all.
async fn is_whole_or_not_there(open: Open) {
    let key = Digest::of("contended");
    let shelves = Arc::new(Shelves::new(open()));
    let writers = (0..4_u8).map(|writer| {
        let shelves = Arc::clone(&shelves);
        tokio::spawn(async move {
            for _ in 0..20 {
                keep(&shelves, key, &Bytes::from(vec![writer; 200_000])).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut found = 0;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        if let Some(content) = shelves.read(key).await.unwrap() {
            found += 1;
            assert_eq!(content.len(), 200_000);
            assert!(content.iter().all(|byte| *byte == content[0]), "of several writers");
        }
    }
    assert!(found > 0);
    futures::future::try_join_all(writers).await.unwrap();
    assert_eq!(listed(&shelves).await, [(key, 200_000)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_a_folder_are_whole() {
    let place = tempfile::tempdir().unwrap();
    is_whole_or_not_there(folder(place.path())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_a_bucket_are_whole() {
    let server = S3Server::start();
    is_whole_or_not_there(store(bucket(&server))).await;
}

/// An answer that was kept in a folder is found in a bucket that the folder was copied to, and the other way.
#[tokio::test]
async fn objects_have_the_same_names_everywhere() {
    let (place, server) = (tempfile::tempdir().unwrap(), S3Server::start());
    let location = bucket(&server);
    let (key, content) = (Digest::of("key"), Bytes::from_static(b"content"));
    keep(&Shelves::new(folder(place.path())()), key, &content).await;
    keep(&Shelves::new(store(location)()), key, &content).await;
    let name = format!("of/answers/{}/{key}.json", &key.to_string()[..2]);
    assert_eq!(std::fs::read(place.path().join(&name)).unwrap(), content);
    assert_eq!(std::fs::read(server.bucket("kept").join(&name)).unwrap(), content);
}

/// What a killed process has left of an object goes with it; what is foreign is neither seen nor touched.
#[tokio::test]
async fn removing_leaves_nothing_of_it() {
    let place = tempfile::tempdir().unwrap();
    let shelves = Shelves::new(folder(place.path())());
    let (key, other) = (Digest::of("key"), Digest::of("other"));
    keep(&shelves, key, &Bytes::from_static(b"content")).await;
    let inside = place.path().join("of/answers").join(&key.to_string()[..2]);
    std::fs::write(inside.join(format!("{key}.json#3")), "con").unwrap();
    std::fs::write(inside.join(format!("{other}.json")), "not its folder").unwrap();
    std::fs::write(inside.join("notes.txt"), "foreign").unwrap();
    assert_eq!(listed(&shelves).await, [(key, 7)]);
    shelves.remove(key).await.unwrap();
    shelves.remove(key).await.unwrap();
    assert_eq!(listed(&shelves).await, []);
    assert_eq!(std::fs::read_dir(inside).unwrap().count(), 2);
}

#[tokio::test]
async fn foreign_objects_of_a_store_are_passed_over() {
    let location = Location::open("memory://foreign/answers", Path::new(".")).unwrap();
    let shelves = Shelves::new(store(location.clone())());
    let key = Digest::of("key");
    keep(&shelves, key, &Bytes::from_static(b"content")).await;
    let above = format!("{key}.json");
    for name in ["notes.txt", "00/notes.json", &above] {
        location.root().put(&location.path(name), "foreign".into()).await.unwrap();
    }
    assert_eq!(listed(&shelves).await, [(key, 7)]);
}

#[tokio::test]
async fn what_a_store_has_on_record_is_found() {
    let location = Location::open("memory://recorded/answers", Path::new(".")).unwrap();
    let key = Digest::of("key");
    keep(&Shelves::new(store(location.clone())()), key, &Bytes::from_static(b"content")).await;
    let recorded = Shelves::new(Place::Recorded(Box::new(store(location)())));
    assert_eq!(recorded.read(key).await.unwrap(), Some(Bytes::from_static(b"content")));
    assert_eq!(recorded.read(Digest::of("other")).await.unwrap(), None);
}

#[test]
fn a_plan_says_where() {
    let base = Path::new("/plans");
    let recorded = Answers::Recorded { folder: Path::new("/golden"), asks: false };
    let recording = Answers::Recorded { folder: Path::new("/golden"), asks: true };
    let asked = Answers::Asked("/out/_backstory/answers");
    let in_bucket = Answers::Asked("memory://out/_backstory/answers");
    let foreseen = Answers::Foreseen("/out/_backstory/answers");
    let foreseen_in_bucket = Answers::Foreseen("memory://out/_backstory/answers");
    let place = |answers, named| Place::of(answers, named, base).unwrap();
    for (answers, named, expected, own, is_recorded) in [
        (asked, None, "/out/_backstory/answers", true, false),
        (asked, Some("kept"), "/plans/kept", false, false),
        (asked, Some("file:///tmp/a%20b"), "/tmp/a b", false, false),
        (asked, Some("memory://kept/a"), "memory://kept/a", false, false),
        (in_bucket, None, "memory://out/_backstory/answers", true, false),
        (in_bucket, Some("kept"), "/plans/kept", false, false),
        (recorded, Some("kept"), "/golden", false, true),
        (recording, Some("memory://kept/a"), "/golden", false, false),
        (foreseen, None, "/out/_backstory/answers", false, true),
        (foreseen, Some("kept"), "/plans/kept", false, true),
        (foreseen_in_bucket, None, "memory://out/_backstory/answers", false, true),
        (Answers::Rehearsed, Some("kept"), "/plans/kept", false, false),
        (Answers::Rehearsed, None, "", false, true),
    ] {
        let place = place(answers, named);
        assert_eq!(
            (&*place.to_string(), place.is_own(), place.is_recorded()),
            (expected, own, is_recorded)
        );
    }
    let wrong = Place::of(asked, Some("ftp://host/a"), base).unwrap_err();
    assert_eq!(wrong.message, "\"ftp://\" is no kind of store that is known");
}

/// Without the server, an error says which place is meant, and nothing is found that may be there.
#[tokio::test]
async fn a_store_that_is_gone_is_an_error() {
    let mut server = S3Server::start();
    server.bucket("kept");
    let mut variables: Variables = server.environment().into_iter().collect();
    variables.insert("BACKSTORY_STORE_RETRY_SECONDS".to_owned(), "0".to_owned());
    let location = Location::open_with("s3://kept/a", Path::new("."), &variables).unwrap();
    let shelves = Shelves::new(store(location)());
    let key = Digest::of("key");
    assert_eq!(shelves.read(key).await, Ok(None));
    server.stop();
    let told = shelves.read(key).await.unwrap_err();
    assert!(told.starts_with("no server answers for \"s3://kept/a/"), "{told}");
    assert!(shelves.put(key, Bytes::new()).await.is_err());
    assert!(shelves.remove(key).await.is_err());
    assert!(shelves.list().try_collect::<Vec<_>>().await.is_err());
}

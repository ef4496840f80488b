#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use futures::TryStreamExt;
use object_store::WriteMultipart;

use super::*;
use crate::{Location, block_on};

fn place() -> (tempfile::TempDir, Location) {
    let folder = tempfile::tempdir().unwrap();
    let place = Location::folder(folder.path()).unwrap();
    (folder, place)
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn one_of_many_creates() {
    let (folder, place) = place();
    let path = place.path("a/b/object");
    let store = place.root();
    let writers = (0..16).map(|writer| {
        let put = PutOptions::from(PutMode::Create);
        store.put_opts(&path, format!("by {writer}").into(), put)
    });
    let results = block_on(futures::future::join_all(writers));
    let winners: Vec<_> = (0..16).filter(|&writer| results[writer].is_ok()).collect();
    assert_eq!(winners.len(), 1);
    let lost = results.iter().filter_map(|result| result.as_ref().err());
    assert!(lost.into_iter().all(|error| matches!(error, Error::AlreadyExists { .. })));
    let found = fs::read_to_string(folder.path().join("a/b/object")).unwrap();
    assert_eq!(found, format!("by {}", winners[0]));
    assert_eq!(files(&folder.path().join("a/b")), ["object"]);
}

#[test]
fn tags_are_those_of_reading() {
    let (_folder, place) = place();
    let path = place.path("object");
    block_on(async {
        let put = place.root().put(&path, "x".into()).await.unwrap();
        assert_eq!(put.e_tag, place.root().head(&path).await.unwrap().e_tag);
        assert!(put.e_tag.is_some());
    });
}

#[test]
fn parts_become_one_object() {
    let (folder, place) = place();
    let path = place.path("a/object");
    block_on(async {
        let mut upload = place.root().put_multipart(&path).await.unwrap();
        let parts = [upload.put_part("one".into()), upload.put_part("two".into())];
        // In whichever order they come.
        futures::future::join_all(parts.into_iter().rev()).await;
        assert_eq!(place.store().list(None).try_collect::<Vec<_>>().await.unwrap().len(), 0);
        upload.complete().await.unwrap();
        let mut given_up = place.root().put_multipart(&place.path("a/other")).await.unwrap();
        given_up.put_part("x".into()).await.unwrap();
        given_up.abort().await.unwrap();
        let mut forgotten =
            WriteMultipart::new(place.root().put_multipart(&place.path("a/third")).await.unwrap());
        forgotten.write(b"x");
    });
    assert_eq!(fs::read(folder.path().join("a/object")).unwrap(), b"onetwo");
    assert_eq!(files(&folder.path().join("a")), ["object"]);
}

/// A name that was given up is not taken from who has it next.
#[test]
fn an_ended_upload_leaves_the_next_one_alone() {
    let (folder, place) = place();
    let path = place.path("object");
    block_on(async {
        let mut first = place.root().put_multipart(&path).await.unwrap();
        first.complete().await.unwrap();
        let mut second = place.root().put_multipart(&path).await.unwrap();
        drop(first);
        second.put_part("x".into()).await.unwrap();
        second.complete().await.unwrap();
    });
    assert_eq!(fs::read(folder.path().join("object")).unwrap(), b"x");
}

#[test]
fn a_folder_that_was_taken_away_is_made_again() {
    let (folder, place) = place();
    let path = place.path("a/b/object");
    block_on(place.root().put(&path, "x".into())).unwrap();
    fs::remove_dir_all(folder.path().join("a")).unwrap();
    block_on(place.root().put(&path, "y".into())).unwrap();
    assert_eq!(fs::read(folder.path().join("a/b/object")).unwrap(), b"y");
}

#[test]
fn names_change_and_go() {
    let (folder, place) = place();
    let [a, b, c, d] = ["a", "b/b", "c/c", "d"].map(|name| place.path(name));
    let store = place.root();
    block_on(async {
        store.put(&a, "x".into()).await.unwrap();
        store.copy(&a, &b).await.unwrap();
        store.copy_if_not_exists(&a, &b).await.unwrap_err();
        store.rename(&a, &c).await.unwrap();
        store.rename_if_not_exists(&c, &d).await.unwrap();
        store.rename_if_not_exists(&b, &d).await.unwrap_err();
        let gone = stream::iter([Ok(b), Ok(place.path("none")), Ok(d)]).boxed();
        let gone: Vec<_> = store.delete_stream(gone).collect().await;
        assert!(gone[0].is_ok() && gone[2].is_ok());
        assert!(matches!(gone[1], Err(Error::NotFound { .. })));
        assert!(matches!(store.copy(&a, &c).await.unwrap_err(), Error::NotFound { .. }));
    });
    assert_eq!(files(folder.path()), ["b", "c"]);
}

/// A write that fails leaves nothing behind, and what was there is as it was.
#[test]
#[cfg(unix)]
fn a_failed_put_leaves_nothing() {
    let (folder, place) = place();
    fs::create_dir_all(folder.path().join("taken/by")).unwrap();
    block_on(place.root().put(&place.path("taken"), "x".into())).unwrap_err();
    assert_eq!(files(folder.path()), ["taken"]);
    // A file where a folder would have to be.
    block_on(place.root().put(&place.path("file"), "x".into())).unwrap();
    block_on(place.root().put(&place.path("file/object"), "x".into())).unwrap_err();
    assert_eq!(files(folder.path()), ["file", "taken"]);
}

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;

use super::*;

fn open(uri: &str) -> Location {
    Location::open(uri, Path::new("/base")).unwrap()
}

fn refused(uri: &str) -> String {
    let error = Location::open(uri, Path::new("/base")).unwrap_err();
    format!("{error}; {}", error.hint)
}

#[test]
fn uris_and_paths_mean_places() {
    let said = |uri: &str| {
        let place = open(uri);
        format!("{uri:24} {place:22} {:28} {}", place.url().as_str(), place.prefix())
    };
    let uris = [
        "memory://",
        "memory://one/a/b/",
        "memory://one/a%20b%25/%C3%BC",
        "/tmp/out",
        "/tmp/out/",
        "out",
        "./out",
        "../out",
        "a b%20#?ü",
        "file:///tmp/a%20b",
    ];
    insta::assert_snapshot!(uris.map(said).join("\n"));
}

#[test]
fn others_are_refused() {
    let uris = [
        "ftp://host/a",
        "memory://a/../b",
        "s3://a/b/%2e%2E/c",
        "s3://a//b",
        "s3:///a",
        "s3://bucket/a?versionId=1",
        "s3://bucket/a#1",
        "s3://key:secret@bucket/a",
        "s3://bad bucket/a",
        "file://tmp/a",
    ];
    insta::assert_snapshot!(uris.map(refused).join("\n"));
}

#[test]
fn a_link_counts_for_what_it_points_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = fs::canonicalize(folder.path()).unwrap();
    fs::create_dir_all(folder.join("deep/inside")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.join("deep/inside"), folder.join("link")).unwrap();
    let place = Location::open("link/../out", &folder).unwrap();
    assert_eq!(place.local(), Some(folder.join("deep/out")));
}

#[test]
fn what_lies_in_memory_is_shared_by_name() {
    assert!(Arc::ptr_eq(open("memory://x/a").root(), open("memory://x/b").root()));
    assert!(!Arc::ptr_eq(open("memory://x/a").root(), open("memory://y/a").root()));
}

/// Names as people choose them, and those that nobody should.
fn name() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "..", ".", "a b", "100%", "%20", "%2e%2e", "ü", "日本", "a#1", "a?b", "~", "[x]", "\"",
        "a\\b", "*", "a:b",
    ]);
    prop_oneof![odd.prop_map(str::to_owned), "[a-z.%# ]{1,6}"]
}

/// What `join` means, on lists of names.
fn naive(base: &[String], below: &str) -> Vec<String> {
    let escaped = |name: &str| match name {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        name => name.to_owned(),
    };
    let below = below.split('/').filter(|name| !name.is_empty()).map(escaped);
    base.iter().cloned().chain(below).collect()
}

fn names(place: &Location) -> Vec<String> {
    place.prefix().parts().map(|part| part.as_ref().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Names stay what they are, wherever they go through: objects lie where the folder and the URL say.
    #[test]
    fn joining_is_like_appending_names(
        one in prop::collection::vec(name(), 0..4),
        other in prop::collection::vec(name(), 0..4),
        slashes in prop::sample::select(vec!["/", "//"]),
    ) {
        for root in ["memory://names/", "file:///"] {
            let root = open(root);
            let (one, other) = (one.join("/"), other.join(slashes) + slashes);
            let place = root.join(&one).join(&other);
            let expected = naive(&naive(&[], &one), &other);
            prop_assert_eq!(names(&place), expected.clone());
            prop_assert_eq!(place.prefix(), &root.join(&one).path(&other));
            prop_assert!(place.url().path().ends_with('/'));
            let again = open(place.url().as_str());
            prop_assert_eq!((&again, again.prefix()), (&place, place.prefix()));
            if let Some(local) = place.local() {
                prop_assert_eq!(local, Path::new("/").join(expected.join("/")));
            }
        }
    }

    /// What is put through one description of a folder is found by the other.
    #[test]
    fn objects_lie_in_the_folder(below in prop::collection::vec(name(), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let place = Location::folder(folder.path()).unwrap().join(&below.join("/"));
        let path = place.path("object");
        crate::block_on(async {
            use object_store::ObjectStoreExt;
            place.root().put(&path, "x".into()).await.unwrap();
            let found = place.store().get(&"object".into()).await.unwrap().bytes().await.unwrap();
            assert_eq!(found, "x");
        });
        prop_assert_eq!(fs::read(place.local().unwrap().join("object")).unwrap(), b"x");
    }
}

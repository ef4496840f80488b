//! A bucket of a real server that fails often: what comes of it is what would have come of it without.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use backstory_store::{Created, Location, StoreError, Variables, create};
use backstory_test_server::{Fault, Faults, S3Server};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion, WriteMultipart,
};

/// What parts of an upload have at least.
const PART: usize = 5 << 20;

/// A place in a bucket. What fails is tried again for `patience` seconds.
fn place(server: &S3Server, patience: &str) -> Location {
    server.bucket("bucket");
    let mut variables: Variables = server.environment().into_iter().collect();
    variables.insert("AWS_TIMEOUT".to_owned(), "2s".to_owned());
    variables.insert("BACKSTORY_STORE_RETRY_SECONDS".to_owned(), patience.to_owned());
    Location::open_with("s3://bucket/some/where", Path::new("."), &variables).unwrap()
}

fn faults(seed: u64, rate: f64, kinds: &[Fault]) -> Faults {
    Faults { seed, rate, kinds: kinds.to_vec(), limit: None, stall: Duration::from_secs(4) }
}

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// One writer in a folder of its own, with what has to be in it.
struct Writer {
    place: Location,
    dice: Dice,
    /// Content and tag by name.
    reference: BTreeMap<String, (Bytes, Option<String>)>,
    /// A tag that no object has any more.
    stale: Option<String>,
}

impl Writer {
    fn new(place: &Location, number: u64) -> Self {
        let place = place.join(&format!("writer {number}"));
        Self { place, dice: Dice(number), reference: BTreeMap::new(), stale: None }
    }

    fn content(&mut self) -> Bytes {
        let length = self.dice.below(20_000) as usize + 8;
        let byte = self.dice.below(256) as u8;
        let mut content = vec![byte; length];
        content[..8].copy_from_slice(&self.dice.below(u64::MAX).to_le_bytes());
        content.into()
    }

    async fn step(&mut self) {
        let name = format!("a/{} ü%", self.dice.below(5));
        match self.dice.below(10) {
            0..=2 => self.put(&name, PutMode::Overwrite).await,
            3 | 4 => self.put(&name, PutMode::Create).await,
            5 | 6 => self.update(&name).await,
            7 => self.upload(&name).await,
            8 => self.copy(&name).await,
            _ => self.delete(&name).await,
        }
        self.check(&name).await;
    }

    async fn put(&mut self, name: &str, mode: PutMode) {
        let content = self.content();
        let taken = mode == PutMode::Create && self.reference.contains_key(name);
        let path = self.place.path(name);
        let put = self.place.root().put_opts(&path, content.clone().into(), mode.into()).await;
        match put {
            Ok(put) if !taken => self.is(name, content, put.e_tag),
            Err(Error::AlreadyExists { .. }) if taken => {}
            other => panic!("{other:?} where taken is {taken}"),
        }
    }

    async fn update(&mut self, name: &str) {
        let known = self.reference.get(name).and_then(|(_, e_tag)| e_tag.clone());
        let old = self.dice.below(3) == 0;
        let Some(e_tag) = (if old { self.stale.clone() } else { known.clone() }) else { return };
        let fits = known.as_ref() == Some(&e_tag);
        let content = self.content();
        let mode = PutMode::Update(UpdateVersion { e_tag: Some(e_tag), version: None });
        let path = self.place.path(name);
        let options = PutOptions::from(mode);
        match self.place.root().put_opts(&path, content.clone().into(), options).await {
            Ok(put) if fits => self.is(name, content, put.e_tag),
            Err(Error::Precondition { .. }) if !fits => {}
            other => panic!("{other:?} where the tag fits: {fits}"),
        }
    }

    async fn upload(&mut self, name: &str) {
        let mut content = self.content().to_vec();
        if self.dice.below(4) == 0 {
            // Parts have to have that much, but for the last one.
            content.resize(PART + content.len(), 1);
        }
        let content = Bytes::from(content);
        let upload = self.place.root().put_multipart(&self.place.path(name)).await.unwrap();
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        upload.put(content.clone());
        let put = upload.finish().await.unwrap();
        self.is(name, content, put.e_tag);
    }

    async fn copy(&mut self, name: &str) {
        let Some((from, (content, _))) = self.reference.iter().next() else { return };
        let (from, content) = (from.clone(), content.clone());
        if from == name {
            return;
        }
        let (source, target) = (self.place.path(&from), self.place.path(name));
        self.place.root().copy(&source, &target).await.unwrap();
        let e_tag = self.place.root().head(&target).await.unwrap().e_tag;
        self.is(name, content, e_tag);
    }

    async fn delete(&mut self, name: &str) {
        if let Some((_, e_tag)) = self.reference.remove(name) {
            self.stale = e_tag;
            self.place.root().delete(&self.place.path(name)).await.unwrap();
        }
    }

    fn is(&mut self, name: &str, content: Bytes, e_tag: Option<String>) {
        assert!(e_tag.is_some());
        let before = self.reference.insert(name.to_owned(), (content, e_tag));
        self.stale = before.map_or(self.stale.take(), |(_, e_tag)| e_tag);
    }

    async fn check(&self, name: &str) {
        let found = match self.place.root().get(&self.place.path(name)).await {
            Ok(found) => Some(found.bytes().await.unwrap()),
            Err(Error::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        };
        let expected = self.reference.get(name).map(|(content, _)| content);
        assert!(found.as_ref() == expected, "{name} differs");
    }

    async fn finish(self) {
        let listed: Vec<_> = self.place.store().list(None).try_collect().await.unwrap();
        let found: Vec<_> = listed.into_iter().map(|o| (o.location.to_string(), o.size)).collect();
        let expected: Vec<_> = self
            .reference
            .iter()
            .map(|(name, (content, _))| (name.clone(), content.len() as u64))
            .collect();
        assert_eq!(found, expected);
        for name in self.reference.keys() {
            self.check(name).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_fails_often_holds_what_one_that_does_not_would() {
    let server = S3Server::start();
    let place = place(&server, "60");
    server.faults(faults(7, 0.3, &Fault::ALL));
    let writers = (0..8).map(|number| {
        let mut writer = Writer::new(&place, number);
        tokio::spawn(async move {
            for _ in 0..40 {
                writer.step().await;
            }
            writer
        })
    });
    let writers = futures::future::try_join_all(writers).await.unwrap();
    for fault in Fault::ALL {
        assert!(server.struck(fault) > 10, "{fault:?} has hardly struck");
    }
    futures::future::join_all(writers.into_iter().map(Writer::finish)).await;
}

/// The first put happens, its answer is lost, and the second one meets what the first has left.
#[tokio::test]
async fn who_is_refused_by_itself_was_not() {
    for fault in [Fault::ResetAfter, Fault::InternalAfter, Fault::Stall] {
        let server = S3Server::start();
        let place = place(&server, "60");
        let path = place.path("object");
        let create = async |content: &'static str| {
            let create = PutOptions::from(PutMode::Create);
            place.root().put_opts(&path, content.into(), create).await
        };
        server.faults(Faults { limit: Some(1), ..faults(1, 1.0, &[fault]) });
        let mine = create("mine").await.unwrap();
        assert_eq!(server.struck(fault), 1);
        assert_eq!(server.requests("PUT"), 2);
        // Without a fault, the same content is somebody else's.
        let other = create("mine").await.unwrap_err();
        assert!(matches!(other, Error::AlreadyExists { .. }), "{other}");
        // With one, other content is.
        server.faults(Faults { limit: Some(1), ..faults(1, 1.0, &[fault]) });
        let other = create("other").await.unwrap_err();
        assert!(matches!(other, Error::AlreadyExists { .. }), "{other}");
        // A tag fits once: the second attempt meets the tag of the first.
        server.faults(Faults { limit: Some(1), ..faults(1, 1.0, &[fault]) });
        let update = PutMode::Update(UpdateVersion { e_tag: mine.e_tag, version: None });
        let updated = place.root().put_opts(&path, "new".into(), update.into()).await.unwrap();
        assert_eq!(updated.e_tag, place.root().head(&path).await.unwrap().e_tag);
    }
}

/// An upload that is complete is not there to be completed again.
#[tokio::test]
async fn who_completes_twice_has_completed() {
    for fault in [Fault::ResetAfter, Fault::InternalAfter, Fault::Stall, Fault::Truncate] {
        let server = S3Server::start();
        let place = place(&server, "60");
        let path = place.path("object");
        let mut upload = place.root().put_multipart(&path).await.unwrap();
        upload.put_part("content".into()).await.unwrap();
        server.faults(Faults { limit: Some(1), ..faults(1, 1.0, &[fault]) });
        let put = upload.complete().await.unwrap();
        assert_eq!(server.struck(fault), 1, "{fault:?}");
        assert_eq!(put.e_tag, place.root().head(&path).await.unwrap().e_tag);
    }
}

#[tokio::test]
async fn creating_tells_own_from_other() {
    let server = S3Server::start();
    let places = [
        place(&server, "60"),
        Location::open("memory://creating/a", Path::new(".")).unwrap(),
        Location::folder(tempfile::tempdir().unwrap().path()).unwrap(),
    ];
    for place in places {
        let created = async |content: &'static str| create(&place, "a/lock", content.into()).await;
        assert_eq!(created("one").await.unwrap(), Created::New);
        assert_eq!(created("one").await.unwrap(), Created::Same);
        assert_eq!(created("two").await.unwrap(), Created::Other("one".into()));
    }
}

/// Long bodies come through, though each request for them is cut or stalls.
#[tokio::test]
async fn a_body_goes_on_where_it_broke_off() {
    let server = S3Server::start();
    let place = place(&server, "60");
    let content: Bytes = (0..3_000_000_u32).map(|at| (at / 7) as u8).collect();
    place.root().put(&place.path("large"), content.clone().into()).await.unwrap();
    server.faults(faults(3, 0.8, &[Fault::Truncate]));
    let found = place.root().get(&place.path("large")).await.unwrap().bytes().await.unwrap();
    assert!(found == content);
    let range = place.root().get_range(&place.path("large"), 1_000_000..2_500_000).await.unwrap();
    assert!(range == content[1_000_000..2_500_000]);
    assert!(server.struck(Fault::Truncate) > 2);
}

/// Lists of several pages go on behind the last name.
#[tokio::test]
async fn a_list_goes_on_where_it_broke_off() {
    let server = S3Server::start();
    let place = place(&server, "60");
    let folder = server.bucket("bucket").join("some/where/many");
    std::fs::create_dir_all(&folder).unwrap();
    let names: Vec<_> = (0..2_500).map(|number| format!("many/{number:05}")).collect();
    for name in &names {
        std::fs::write(folder.join(&name[5..]), "x").unwrap();
    }
    server.faults(faults(1, 0.7, &[Fault::Truncate, Fault::ResetAfter, Fault::SlowDown]));
    let found: Vec<_> =
        place.store().list(None).map_ok(|o| o.location.to_string()).try_collect().await.unwrap();
    assert_eq!(found, names);
}

#[tokio::test]
async fn an_outage_is_outlived() {
    let server = S3Server::start();
    let place = place(&server, "60");
    server.outage(Duration::from_secs(1));
    let begun = Instant::now();
    place.root().put(&place.path("object"), "x".into()).await.unwrap();
    assert!(begun.elapsed() > Duration::from_millis(900));
}

fn told(name: &str, place: &Location, error: &Error) -> String {
    let said = StoreError::new(&place.to_string(), error);
    format!("{name}: {:?}\n  {said}\n  {}", said.kind, said.hint)
}

/// What people are told, as it is found at a real server.
#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_to_do() {
    let mut server = S3Server::start();
    let place = place(&server, "0");
    let with = |uri: &str, more: &[(&str, &str)]| {
        let mut variables: Variables = server.environment().into_iter().collect();
        variables.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        Location::open_with(uri, Path::new("."), &variables).unwrap()
    };
    let get = async |name: &str, place: &Location| {
        told(name, place, &place.root().get(&place.path("x")).await.unwrap_err())
    };
    let mut lines = vec![get("nothing there", &place).await];
    let wrong = with("s3://bucket/some", &[("AWS_SECRET_ACCESS_KEY", "wrong")]);
    lines.push(get("wrong key", &wrong).await);
    let listed = wrong.root().list_with_delimiter(Some(wrong.prefix())).await;
    lines.push(told("wrong key for a list", &wrong, &listed.unwrap_err()));
    let none = with("s3://none/some", &[]);
    let listed: Result<Vec<_>, _> = none.store().list(None).try_collect().await;
    lines.push(told("no bucket", &none, &listed.unwrap_err()));
    for (name, fault) in [
        ("busy", Fault::SlowDown),
        ("broken", Fault::Internal),
        ("cut", Fault::ResetBefore),
        ("slow", Fault::Stall),
    ] {
        server.faults(faults(1, 1.0, &[fault]));
        lines.push(get(name, &place).await);
    }
    server.faults(Faults::default());
    let create = async || {
        let create = PutOptions::from(PutMode::Create);
        place.root().put_opts(&place.path("x"), "x".into(), create).await
    };
    create().await.unwrap();
    lines.push(told("taken", &place, &create().await.unwrap_err()));
    server.stop();
    // Whose connection may have been open still.
    get("cut", &place).await;
    lines.push(get("nobody there", &place).await);
    insta::assert_snapshot!(lines.join("\n"));
}

/// Where no credentials are configured, a service of the cloud's machines is asked. Elsewhere there is none, and
/// nobody waits for it.
#[tokio::test]
async fn without_credentials_it_ends_soon() {
    let variables = [
        ("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1"),
        ("AWS_SHARED_CREDENTIALS_FILE", "none"),
        ("AWS_CONFIG_FILE", "none"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let place = Location::open_with("s3://bucket/some", Path::new("."), &variables).unwrap();
    let begun = Instant::now();
    let error = place.root().get(&place.path("x")).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(10));
    insta::assert_snapshot!(told("no credentials", &place, &error));
}

#[test]
fn folders_say_what_to_do() {
    let folder = Location::folder(Path::new("/none")).unwrap();
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
    let full = told("full", &folder, &Error::Generic { store: "folder", source: full });
    let signed = "cannot GET https://host/a?sig=secret&x=1 at all".into();
    let signed = Error::Generic { store: "azure", source: signed };
    insta::assert_snapshot!([full, told("signed", &folder, &signed)].join("\n"));
}

//! Tables are written into stores in memory, and read as a plan would; a store that notes what is asked of it
//! proves that nothing else is read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt;
use std::fs;
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use arrow::array::{
    ArrayRef, BinaryArray, Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray,
    StringViewArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use async_trait::async_trait;
use backstory_store::Location;
use futures::stream::BoxStream;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, ListResult, MultipartUpload, ObjectMeta,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::Dir;
use crate::testing::{LIMITS, classify, errors, outcome, write};

type Files<'a> = Vec<(&'a str, Option<&'a [u8]>)>;

/// A repository as a row has it: name, stars, files.
type Row<'a> = (&'a str, i64, Files<'a>);

fn there<'a>(files: &[(&'a str, &'a [u8])]) -> Files<'a> {
    files.iter().map(|(path, content)| (*path, Some(*content))).collect()
}

/// Text in one of the ways in which text is stored.
fn texts(kind: &DataType, values: Vec<Option<&[u8]>>) -> ArrayRef {
    let text = || values.iter().map(|value| value.map(|value| str::from_utf8(value).unwrap()));
    match kind {
        DataType::Binary => Arc::new(BinaryArray::from(values)),
        DataType::LargeUtf8 => Arc::new(LargeStringArray::from(text().collect::<Vec<_>>())),
        DataType::Utf8View => Arc::new(StringViewArray::from(text().collect::<Vec<_>>())),
        _ => Arc::new(StringArray::from(text().collect::<Vec<_>>())),
    }
}

/// Rows in the layout of The Stack v3, as far as it matters.
fn stack(kind: &DataType, rows: &[Row<'_>]) -> RecordBatch {
    let files: Vec<_> = rows.iter().flat_map(|row| row.2.iter()).collect();
    let paths = texts(&DataType::Utf8, files.iter().map(|file| Some(file.0.as_bytes())).collect());
    let contents = texts(kind, files.iter().map(|file| file.1).collect());
    let licenses: Vec<_> = files.iter().map(|_| Some(&b"permissive"[..])).collect();
    let fields = Fields::from(vec![
        Field::new("content_id", DataType::Utf8, true),
        Field::new("content", contents.data_type().clone(), true),
        Field::new("file_path", DataType::Utf8, true),
        Field::new("license_type", DataType::Utf8, true),
    ]);
    let license = texts(&DataType::Utf8, licenses);
    let structs = vec![Arc::clone(&paths), contents, paths, license];
    let structs = StructArray::new(fields.clone(), structs, None);
    let item = Arc::new(Field::new("item", DataType::Struct(fields), true));
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(|row| row.2.len()));
    let list = ListArray::new(item, offsets, Arc::new(structs), None);
    let names = rows.iter().map(|row| Some(row.0).filter(|name| !name.is_empty()));
    let commits = rows.iter().map(|row| Some(format!("commit of {}", row.0)));
    let stars = rows.iter().map(|row| row.1);
    let metadata = Fields::from(vec![Field::new("forks", DataType::Int64, true)]);
    let forks: ArrayRef =
        Arc::new(stars.clone().map(|stars| Some(stars * 2)).collect::<Int64Array>());
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("repo_path", Arc::new(names.collect::<StringArray>())),
        ("commit_id", Arc::new(commits.collect::<StringArray>())),
        ("stars", Arc::new(stars.collect::<Int64Array>())),
        ("github_metadata", Arc::new(StructArray::new(metadata, vec![forks], None))),
        ("files", Arc::new(list)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Rows of files: repository, path, content.
fn flat(rows: &[(&str, &str, &str)]) -> RecordBatch {
    let column = |of: fn(&(&str, &str, &str)) -> String| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(of(row))).collect::<StringArray>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("repo", column(|row| row.0.into())),
        ("path", column(|row| row.1.into())),
        ("text", column(|row| row.2.into())),
        ("license", column(|row| if row.1.len() % 2 == 0 { "MIT" } else { "ISC" }.into())),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

const FLAT: &str = "layout = \"files\"\ncolumns = { repository = \"repo\", commit = \"\", \
                    path = \"path\", content = \"text\", license = \"license\" }";

fn parquet(batch: &RecordBatch, group: usize, compression: Compression) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_compression(compression)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build();
    let mut bytes = vec![];
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn plain(batch: &RecordBatch) -> Vec<u8> {
    parquet(batch, 2, Compression::UNCOMPRESSED)
}

static BUCKETS: AtomicU32 = AtomicU32::new(0);

/// A bucket in memory with these files, and its address.
fn bucket(files: &[(&str, Vec<u8>)]) -> (String, Location) {
    let uri = format!("memory://rows-{}/code", BUCKETS.fetch_add(1, Ordering::Relaxed));
    let place = Location::open(&uri, Path::new("/")).unwrap();
    for (name, bytes) in files {
        put(&place, name, bytes);
    }
    (uri, place)
}

fn put(place: &Location, name: &str, bytes: &[u8]) {
    wait(place.root().put(&place.path(name), PutPayload::from(bytes.to_vec()))).unwrap();
}

fn open(files: &[(&str, Vec<u8>)], more: &str) -> Box<dyn Source> {
    let (uri, _) = bucket(files);
    let plan: ParquetRows = toml::from_str(&format!("uri = \"{uri}\"\n{more}")).unwrap();
    plan.open(Path::new("/"), classify).unwrap()
}

const FILES: [(&str, &[u8]); 7] = [
    ("Cargo.toml", b"[package]\nlicense = \"MIT\""),
    ("README.md", b"# Read me"),
    ("data.py", b"a\0b"),
    ("empty.py", b"\n"),
    ("logo.png", b"PNG"),
    ("src/main.rs", b"fn main() {}\r\n"),
    ("vendor/a/a.go", b"package a"),
];

#[test]
fn a_row_reads_like_the_folder_whatever_its_types_and_packing() {
    let base = tempfile::tempdir().unwrap();
    write(&base.path().join("a/b"), &FILES);
    let dir: Dir = toml::from_str("path = \"a/b\"\nlayout = \"one\"").unwrap();
    let expected = dir.open(base.path(), classify).unwrap().read("b").unwrap();
    let commit = Some("commit of a/b".to_owned());
    let expected = Repository { name: "a/b".into(), commit, ..expected };
    let kinds = [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, DataType::Binary];
    let packings = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(parquet::basic::GzipLevel::default()),
        Compression::ZSTD(parquet::basic::ZstdLevel::default()),
        Compression::LZ4_RAW,
        Compression::BROTLI(parquet::basic::BrotliLevel::default()),
    ];
    for kind in &kinds {
        for packing in packings {
            let rows = [("x", 1, there(&FILES[..3])), ("a/b", 1, there(&FILES))];
            let bytes = parquet(&stack(kind, &rows), 2, packing);
            let source = open(&[("a.parquet", bytes)], "");
            assert_eq!(source.list().unwrap(), ["x", "a/b"]);
            assert_eq!(source.read("a/b").as_ref(), Ok(&expected), "{kind} {packing}");
        }
    }
}

#[test]
fn rows_of_a_repository_may_lie_anywhere() {
    let first = [("r", "a.py", "x = 1"), ("s", "a.py", "x = 2"), ("r", "b.py", "x = 3")];
    let second = [("s", "b.py", "x = 4"), ("r", "c.py", "x = 5"), ("r", "d.p", "")];
    let files = [("1.parquet", plain(&flat(&first))), ("d/2.parquet", plain(&flat(&second)))];
    let source = open(&files, FLAT);
    assert_eq!(source.list().unwrap(), ["r", "s"]);
    for _ in 0..2 {
        let r = source.read("r").unwrap();
        let texts: Vec<_> = r.files.iter().map(|file| &*file.text).collect();
        assert_eq!(texts, ["x = 1", "x = 3", "x = 5"]);
        assert_eq!(r.license.as_deref(), Some("ISC AND MIT"));
        assert_eq!(source.read("s").unwrap().files.len(), 2);
    }
    let some = open(&files, &format!("{FLAT}\nwhere = \"path like 'b%'\""));
    assert_eq!(some.read("r").unwrap().files.len(), 1);
}

#[test]
fn licenses_of_files_can_be_those_of_the_repository() {
    let bytes = plain(&stack(&DataType::Utf8, &[("r", 1, there(&FILES))]));
    let source = open(&[("1.parquet", bytes)], "columns = { license = \"license_type\" }");
    assert_eq!(source.read("r").unwrap().license.as_deref(), Some("permissive"));
}

#[test]
fn what_is_wrong_with_rows_is_a_failure() {
    let tricks: Files<'_> = vec![
        ("a.py", Some(b"x = 1")),
        ("../b.py", Some(b"x = 1")),
        ("/c.py", Some(b"x = 1")),
        ("double.py", Some(b"x = 1")),
        ("double.py", Some(b"x = 1")),
        ("none.py", None),
        ("none.txt", None),
        ("latin.py", Some(b"caf\xe9")),
        ("HEAD", Some(b"x")),
        ("objects/a", Some(b"x")),
        ("refs/a", Some(b"x")),
        ("", Some(b"x")),
    ];
    let one = || there(&[("a.py", b"x = 1")]);
    let rows = [
        ("tricks", 1, tricks),
        ("twice", 1, one()),
        ("", 1, one()),
        ("twice", 2, one()),
        ("", 1, vec![]),
    ];
    let source = open(&[("1.parquet", plain(&stack(&DataType::Binary, &rows)))], "");
    let names = source.list().unwrap();
    let outcomes: Vec<_> =
        names.iter().map(|name| format!("{name}\n{}", outcome(source.read(name)))).collect();
    insta::assert_snapshot!(outcomes.join("\n\n"));
}

#[test]
fn a_file_that_was_replaced_since_it_was_listed_fails() {
    let table =
        |text: &[u8]| plain(&stack(&DataType::Binary, &[("r", 1, there(&[("a.py", text)]))]));
    let (uri, place) = bucket(&[("1.parquet", table(b"x = 1"))]);
    let plan: ParquetRows = toml::from_str(&format!("uri = \"{uri}\"")).unwrap();
    let source = plan.open(Path::new("/"), classify).unwrap();
    let (first, revision) = source.read_with_revision("r");
    assert!(first.is_ok() && revision.is_some());
    assert_eq!(source.revision("r"), revision);
    put(&place, "1.parquet", &table(b"x = 2"));
    let (changed, none) = source.read_with_revision("r");
    assert_eq!(changed.as_ref().unwrap_err().kind, FailureKind::ChangedWhileRead);
    assert_eq!(none, None);
    insta::assert_snapshot!(outcome(changed));
    source.list().unwrap();
    let (second, later) = source.read_with_revision("r");
    assert!(second.is_ok() && later.is_some() && later != revision);
}

/// A store that notes which bytes are asked for.
struct Noting {
    inner: Arc<dyn ObjectStore>,
    asked: Mutex<Vec<Range<u64>>>,
}

impl fmt::Display for Noting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("noting")
    }
}

impl fmt::Debug for Noting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("noting")
    }
}

type Answer<T> = object_store::Result<T>;

#[async_trait]
impl ObjectStore for Noting {
    async fn put_opts(
        &self,
        at: &ObjectPath,
        payload: PutPayload,
        options: PutOptions,
    ) -> Answer<PutResult> {
        self.inner.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &ObjectPath,
        options: PutMultipartOptions,
    ) -> Answer<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &ObjectPath, options: GetOptions) -> Answer<GetResult> {
        if !options.head {
            let range = match &options.range {
                Some(GetRange::Bounded(range)) => range.clone(),
                _ => 0..u64::MAX,
            };
            self.asked.lock().unwrap().push(range);
        }
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        at: BoxStream<'static, Answer<ObjectPath>>,
    ) -> BoxStream<'static, Answer<ObjectPath>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, Answer<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> Answer<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &ObjectPath,
        to: &ObjectPath,
        options: CopyOptions,
    ) -> Answer<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Forty repositories in four row groups, each with a file of 100 kB.
fn large() -> Vec<u8> {
    let text = |at: usize| -> String {
        let lines = (0..5_000).map(|line| format!("x = {}\n", at * 7919 + line * 31));
        lines.collect::<Vec<_>>().concat()
    };
    let names: Vec<_> = (0..40).map(|at| format!("r{at:02}")).collect();
    let texts: Vec<_> = (0..40).map(text).collect();
    let rows: Vec<Row<'_>> = names
        .iter()
        .zip(&texts)
        .enumerate()
        .map(|(at, (name, text))| (name.as_str(), at as i64, there(&[("a.py", text.as_bytes())])))
        .collect();
    parquet(&stack(&DataType::Utf8, &rows), 10, Compression::UNCOMPRESSED)
}

fn noting(bytes: &[u8], more: &str) -> (Tables, Arc<Noting>) {
    let (uri, place) = bucket(&[("1.parquet", bytes.to_vec())]);
    let asked = Mutex::default();
    let store = Arc::new(Noting { inner: Arc::clone(place.root()), asked });
    let plan: ParquetRows = toml::from_str(&format!("uri = \"{uri}\"\n{more}")).unwrap();
    let filter = Filter::new(classify, LIMITS, &[]).unwrap_or_else(|errors| panic!("{errors:?}"));
    let shared: Arc<dyn ObjectStore> = Arc::clone(&store) as Arc<dyn ObjectStore>;
    (Tables::new(plan, shared, place, filter), store)
}

/// Bytes of a column in a row group: all of its leaves, or those that end so.
fn bytes_of(bytes: &[u8], group: usize, column: &str, asked: &[Range<u64>]) -> u64 {
    let reader = parquet::file::metadata::ParquetMetaDataReader::new();
    let metadata = reader.parse_and_finish(&bytes::Bytes::from(bytes.to_vec())).unwrap();
    let chunks = metadata.row_group(group).columns().iter();
    let chunks = chunks.filter(|chunk| chunk.column_path().string().contains(column));
    let overlap = |chunk: (u64, u64), asked: &Range<u64>| {
        asked.end.min(chunk.0 + chunk.1).saturating_sub(asked.start.max(chunk.0))
    };
    chunks.flat_map(|chunk| asked.iter().map(move |asked| overlap(chunk.byte_range(), asked))).sum()
}

#[test]
fn only_columns_and_row_groups_that_are_needed_are_read() {
    let bytes = large();
    let (source, store) =
        noting(&bytes, "where = \"stars >= 12 and stars < 19 and github_metadata['forks'] < 32\"");
    let expected: Vec<_> = (12..16).map(|at| format!("r{at}")).collect();
    assert_eq!(source.list().unwrap(), expected);
    let asked = std::mem::take(&mut *store.asked.lock().unwrap());
    for group in 0..4 {
        assert_eq!(bytes_of(&bytes, group, "files", &asked), 0, "{group}");
        assert_eq!(bytes_of(&bytes, group, "commit_id", &asked), 0, "{group}");
        let is_needed = group == 1;
        assert_eq!(bytes_of(&bytes, group, "stars", &asked) > 0, is_needed, "{group}");
        assert_eq!(bytes_of(&bytes, group, "repo_path", &asked) > 0, is_needed, "{group}");
    }
    let total: u64 = asked.iter().map(|range| range.end - range.start).sum();
    assert!(total * 50 < bytes.len() as u64, "{total} of {}", bytes.len());

    assert!(source.read("r12").is_ok());
    let asked = std::mem::take(&mut *store.asked.lock().unwrap());
    assert!(bytes_of(&bytes, 1, "files.list.item.content", &asked) > 0);
    for column in ["content_id", "license_type", "stars", "repo_path"] {
        assert_eq!(bytes_of(&bytes, 1, column, &asked), 0, "{column}");
    }
    for group in [0, 2, 3] {
        assert_eq!(bytes_of(&bytes, group, "", &asked), 0, "{group}");
    }
}

#[test]
fn in_the_order_of_the_list_every_byte_is_read_once() {
    let bytes = large();
    let (source, store) = noting(&bytes, "");
    let names = source.list().unwrap();
    store.asked.lock().unwrap().clear();
    for name in &names {
        assert!(source.read(name).is_ok());
    }
    let asked = std::mem::take(&mut *store.asked.lock().unwrap());
    let content: u64 = (0..4).map(|group| bytes_of(&bytes, group, "content", &asked)).sum();
    let all: Vec<_> = std::iter::once(0..u64::MAX).collect();
    let whole: u64 = (0..4).map(|group| bytes_of(&bytes, group, "content", &all)).sum();
    let ids: u64 = (0..4).map(|group| bytes_of(&bytes, group, "content_id", &all)).sum();
    assert_eq!(content, whole - ids);
}

#[test]
fn any_order_and_any_number_of_threads_give_the_same() {
    let bytes = large();
    let (source, _) = noting(&bytes, "");
    let names = source.list().unwrap();
    let expected: Vec<_> = names.iter().map(|name| source.read(name).unwrap().content()).collect();
    let (fresh, _) = noting(&bytes, "");
    for step in [39, 7, 11, 1] {
        thread::scope(|scope| {
            for thread in 0..4 {
                let (names, expected, fresh) = (&names, &expected, &fresh);
                scope.spawn(move || {
                    for at in (thread..40).step_by(4) {
                        let at = at * step % 40;
                        let read = fresh.read(&names[at]).unwrap();
                        assert_eq!(read.content(), expected[at]);
                    }
                });
            }
        });
    }
}

#[test]
fn wrong_configurations_are_explained() {
    let base = tempfile::tempdir().unwrap();
    let rows = [("r", 1, there(&[("a.py", b"x = 1")]))];
    fs::create_dir(base.path().join("empty")).unwrap();
    fs::create_dir(base.path().join("broken")).unwrap();
    fs::write(base.path().join("broken/a.parquet"), "nonsense").unwrap();
    fs::write(base.path().join("a.parquet"), plain(&stack(&DataType::Utf8, &rows))).unwrap();
    let wrong = |toml: &str| {
        let plan: ParquetRows = toml::from_str(toml).unwrap();
        errors(plan.open(base.path(), classify))
    };
    let with = |more: &str| wrong(&format!("uri = \"a.parquet\"\n{more}"));
    let messages = [
        wrong("uri = \"missing\"\nwhere = \"stars >=\"\nmax_files = 0"),
        wrong("uri = \"empty\""),
        wrong("uri = \"broken\""),
        wrong("uri = \"s3://key:secret@bucket\""),
        with("where = \"stars > 1; drop table x\""),
        with("where = \"star > 1\""),
        with("where = \"stars + 1\""),
        with("where = \"random() > 0.5\""),
        with("where = \"stars in (select 1)\""),
        with("where = \"sum(stars) > 1\""),
        with("where = \"array_length(files) > 1\""),
        with("columns = { repository = \"repo\" }"),
        with("columns = { content = \"text\" }"),
        with("columns = { files = \"stars\" }"),
        with("columns = { license = \"license\" }"),
        with("layout = \"files\""),
    ];
    insta::assert_snapshot!(messages.join("\n"));
    assert_eq!(with(""), "");
    assert_eq!(with("where = \"stars > 1 and github_metadata['forks'] is not null\""), "");
}

#[test]
fn what_a_bucket_has_not_is_said_when_it_is_listed() {
    let bytes = plain(&stack(&DataType::Utf8, &[("r", 1, vec![])]));
    let files = [("1.parquet", bytes)];
    let list = |more: &str| {
        let error = open(&files, more).list().unwrap_err();
        let message = error.message.replace(|letter: char| letter.is_ascii_digit(), "N");
        format!("{message}\n  hint: {}", error.hint)
    };
    let messages = [list("where = \"star > 1\""), list("layout = \"files\"")];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn defaults_are_those_of_the_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(ParquetRows)).unwrap();
    let plan = serde_json::to_value(toml::from_str::<ParquetRows>("uri = \".\"").unwrap()).unwrap();
    for key in ["max_files", "max_file_bytes", "max_repository_bytes", "columns"] {
        assert_eq!(schema["properties"][key]["default"], plan[key], "{key}");
    }
    assert_eq!(schema["required"], serde_json::json!(["uri"]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_that_were_tampered_with_do_no_harm(
        changes in prop::collection::vec((any::<Index>(), any::<u8>(), any::<bool>()), 1..6),
    ) {
        static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let rows = [("r", 1, there(&FILES)), ("s", 2, there(&FILES))];
            parquet(&stack(&DataType::Utf8, &rows), 1, Compression::SNAPPY)
        });
        let mut bytes = TABLE.clone();
        for (at, byte, is_late) in changes {
            let from = if is_late { bytes.len() * 3 / 4 } else { 0 };
            let at = from + at.index(bytes.len() - from);
            bytes[at] = byte;
        }
        let source = open(&[("1.parquet", bytes)], "where = \"stars > 0\"");
        for name in source.list().unwrap_or_default() {
            source.read(&name).ok();
        }
    }
}

//! What archives are made of, whatever the format: members with a name, a kind, a size and bytes.
//!
//! Responsible for formats and their decoders. Not responsible for what names mean.

use std::io::{self, BufReader, Read, Seek};
use std::rc::Rc;

use backstory_core::Failure;
use flate2::bufread::MultiGzDecoder;
use tar::{EntryType, Header};
use zip::ZipReadOptions;
use zip::read::{Config, ZipFile, ZipFileEntry};
use zip::unstable::read::ZipIterable;

use super::guard::{Guard, Guarded};

/// Longer names are a trick.
const NAME_BYTES: u64 = 64 * 1024;

/// Windows of zstd beyond 128 MiB are for machines that expect them.
const ZSTD_WINDOW: u32 = 27;

const BUFFER: usize = 64 * 1024;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberKind {
    File,
    Folder,
    /// A symbolic or a hard link.
    Link,
    /// A pipe, a device, or what only one program knows.
    Special,
}

/// One member of an archive.
pub(crate) struct Member<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) kind: MemberKind,
    /// As the archive has it.
    pub(crate) size: u64,
    pub(crate) data: &'a mut dyn Read,
}

/// How a member is met. Bytes that it does not read are passed over.
pub(crate) type Visit<'a, S> = &'a mut dyn FnMut(Member<'_>) -> Result<(), S>;

/// The formats of archives, by the ends of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Tar,
    TarGz,
    TarZst,
    Zip,
    Bundle,
}

const ENDS: [(&str, Format); 6] = [
    (".tar", Format::Tar),
    (".tar.gz", Format::TarGz),
    (".tgz", Format::TarGz),
    (".tar.zst", Format::TarZst),
    (".zip", Format::Zip),
    (".bundle", Format::Bundle),
];

impl Format {
    /// Name and format of an archive, if a path is that of one.
    pub(crate) fn of(path: &str) -> Option<(&str, Self)> {
        let named =
            ENDS.iter().filter_map(|(end, format)| Some((path.strip_suffix(end)?, *format)));
        let mut named = named.filter(|(stem, _)| !stem.is_empty() && !stem.ends_with('/'));
        named.next()
    }
}

/// Meets all members of an archive other than a bundle, in the order in which they lie.
pub(crate) fn each<S: From<Failure>>(
    format: Format,
    open: &dyn Fn() -> Packed,
    guard: &Rc<Guard>,
    visit: Visit<'_, S>,
) -> Result<(), S> {
    let packed = BufReader::with_capacity(BUFFER, open());
    match format {
        Format::Tar | Format::Bundle => each_of_tar(packed, guard, visit),
        Format::TarGz => each_of_tar(MultiGzDecoder::new(packed), guard, visit),
        Format::TarZst => {
            let decoder = zstd::Decoder::with_buffer(packed).and_then(|mut decoder| {
                decoder.window_log_max(ZSTD_WINDOW)?;
                Ok(decoder)
            });
            match decoder {
                Ok(decoder) => each_of_tar(decoder, guard, visit),
                Err(_) => Err(guard.failure(BROKEN).into()),
            }
        }
        Format::Zip => each_of_zip(packed, BufReader::with_capacity(BUFFER, open()), guard, visit),
    }
}

/// The bytes of an archive.
pub(crate) type Packed = Box<dyn ReadSeek>;

/// What can be read from any place.
pub(crate) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// What is said of an archive that does not follow its format.
pub(crate) const BROKEN: &str = "the archive is cut off or broken; make it again";

/// What extension headers say of the next member.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    /// If it is not that of the header, readers disagree on where the member ends.
    size: Option<u64>,
}

fn each_of_tar<S: From<Failure>>(
    unpacked: impl Read,
    guard: &Rc<Guard>,
    visit: Visit<'_, S>,
) -> Result<(), S> {
    let broken = || S::from(guard.failure(BROKEN));
    let mut archive = tar::Archive::new(Guarded { inner: unpacked, guard: Rc::clone(guard) });
    // Raw, since the crate would take names of any length into memory.
    let members = archive.entries().map_err(|_| broken())?.raw(true);
    let mut extended = Extended::default();
    let mut is_empty = true;
    for member in members {
        let mut member = member.map_err(|_| broken())?;
        is_empty = false;
        guard.meet().map_err(S::from)?;
        let header = member.header().clone();
        let size = member.size();
        if extend(&header, &mut member, &mut extended).map_err(|()| broken())? {
            continue;
        }
        let Extended { name, size: said } = std::mem::take(&mut extended);
        if said.is_some_and(|said| said != size) {
            return Err(broken());
        }
        let name = name.unwrap_or_else(|| header.path_bytes().into_owned());
        let kind = kind_of(header.entry_type(), &name);
        visit(Member { name: &name, kind, size, data: &mut member })?;
    }
    // A tar of nothing but zeros is an empty one; a file of no bytes is none.
    if is_empty && guard.is_untouched() { Err(broken()) } else { Ok(()) }
}

/// Takes in a header that is no member but says something of the next one.
fn extend(header: &Header, data: &mut impl Read, extended: &mut Extended) -> Result<bool, ()> {
    match header.entry_type() {
        EntryType::GNULongName => {
            let mut name = read_name(data)?;
            name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
            extended.name = Some(name);
        }
        EntryType::XHeader => {
            let records = read_name(data)?;
            for record in tar::PaxExtensions::new(&records) {
                let record = record.map_err(|_| ())?;
                match record.key_bytes() {
                    b"path" => extended.name = Some(record.value_bytes().into()),
                    b"size" => {
                        let size = record.value().ok().and_then(|size| size.parse().ok());
                        extended.size = Some(size.ok_or(())?);
                    }
                    _ => {}
                }
            }
        }
        EntryType::GNULongLink | EntryType::XGlobalHeader => {}
        _ => return Ok(false),
    }
    Ok(true)
}

fn read_name(data: &mut impl Read) -> Result<Vec<u8>, ()> {
    let mut name = vec![];
    let read = data.take(NAME_BYTES + 1).read_to_end(&mut name).map_err(|_| ())?;
    if read as u64 > NAME_BYTES { Err(()) } else { Ok(name) }
}

fn kind_of(kind: EntryType, name: &[u8]) -> MemberKind {
    match kind {
        // Old programs mark folders by the slash alone.
        EntryType::Regular if name.ends_with(b"/") => MemberKind::Folder,
        EntryType::Regular | EntryType::Continuous => MemberKind::File,
        EntryType::Directory => MemberKind::Folder,
        EntryType::Symlink | EntryType::Link => MemberKind::Link,
        _ => MemberKind::Special,
    }
}

/// Reads the list at the end of a zip with one reader and the members with another.
fn each_of_zip<S: From<Failure>, R: Read + Seek>(
    directory: R,
    mut bodies: R,
    guard: &Rc<Guard>,
    visit: Visit<'_, S>,
) -> Result<(), S> {
    let broken = || S::from(guard.failure(BROKEN));
    let mut archive = ZipIterable::try_new(directory, Config::default()).map_err(|_| broken())?;
    for entry in archive.files().map_err(|_| broken())? {
        let entry = entry.map_err(|_| broken())?;
        guard.meet().map_err(S::from)?;
        let name = entry.name_raw().to_vec();
        let kind = match entry.unix_mode().unwrap_or_default() & 0o170_000 {
            _ if name.ends_with(b"/") => MemberKind::Folder,
            0o120_000 => MemberKind::Link,
            0 | 0o100_000 => MemberKind::File,
            _ => MemberKind::Special,
        };
        let size = entry.size();
        let lazy = Lazy::Closed(Some((entry, &mut bodies)));
        let mut data = Guarded { inner: lazy, guard: Rc::clone(guard) };
        visit(Member { name: &name, kind, size, data: &mut data })?;
    }
    Ok(())
}

/// A member of a zip that is looked for when it is first read.
enum Lazy<'a, R: Read + Seek> {
    Closed(Option<(ZipFileEntry<'a>, &'a mut R)>),
    Open(Box<ZipFile<'a, R>>),
}

impl<R: Read + Seek> Read for Lazy<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Self::Closed(member) = self {
            let (entry, bodies) = member.take().ok_or_else(|| io::Error::other("broken"))?;
            let file = entry.with_reader(bodies, ZipReadOptions::new());
            *self = Self::Open(Box::new(file.map_err(io::Error::other)?));
        }
        match self {
            Self::Open(file) => file.read(buffer),
            Self::Closed(_) => Ok(0),
        }
    }
}

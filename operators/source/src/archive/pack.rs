//! Packs of git objects: measured before they are unfolded, and indexed.
//!
//! A few kilobytes can stand for terabytes: each object is told as changes to another one. So all that a pack
//! stands for is added up from what it says of its objects, and refused where that is too much.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use backstory_core::Failure;
use flate2::{Decompress, FlushDecompress};
use gix::progress::Discard;
use gix_pack::data::input::{BytesToEntriesIter, EntryDataMode, Mode};

use super::guard::Guard;
use super::members::BROKEN;

/// A larger object needs more memory than an archive may take.
const OBJECT_BYTES: usize = 256 * 1024 * 1024;

/// Packed bytes that surely hold the first ones of an object.
const HEAD_BYTES: usize = 1024;

pub(super) const UNPACK: &str = "its git objects cannot be unpacked: the archive is broken, an object or \
                                 the list of all needs more than 256 MiB, or the folder for temporary \
                                 files is full";

/// Puts a pack into the repository at `root`, with an index of our own.
pub(super) fn store(root: &Path, pack: &mut dyn Read, guard: &Guard) -> Result<(), Failure> {
    let incoming = root.join("incoming.pack");
    let written = File::create(&incoming).and_then(|mut file| io::copy(pack, &mut file));
    written.map_err(|_| guard.failure(UNPACK))?;
    measure(&incoming, guard)?;
    index(root, &incoming, guard)?;
    fs::remove_file(&incoming).map_err(|_| guard.failure(UNPACK))
}

/// Adds up the sizes of all objects.
fn measure(path: &Path, guard: &Guard) -> Result<(), Failure> {
    let broken = || guard.failure(BROKEN);
    let file = File::open(path).map_err(|_| broken())?;
    let reader = BufReader::new(File::open(path).map_err(|_| broken())?);
    let (mode, data) = (Mode::AsIs, EntryDataMode::Ignore);
    let entries = BytesToEntriesIter::new_from_header(reader, mode, data, gix::hash::Kind::Sha1);
    let mut inflate = Decompress::new(true);
    for entry in entries.map_err(|_| broken())? {
        let entry = entry.map_err(|_| broken())?;
        let size = if entry.header.is_delta() {
            let data = entry.pack_offset + u64::from(entry.header_size);
            result_size(&file, data, &mut inflate).ok_or_else(broken)?
        } else {
            entry.decompressed_size
        };
        guard.unfold(size)?;
    }
    Ok(())
}

/// How large an object is that changes to another one make: it stands at their start.
fn result_size(file: &File, at: u64, inflate: &mut Decompress) -> Option<u64> {
    let (mut packed, mut head) = ([0; HEAD_BYTES], [0; 20]);
    let read = file.read_at(&mut packed, at).ok()?;
    inflate.reset(true);
    inflate.decompress(&packed[..read], &mut head, FlushDecompress::None).ok()?;
    let (_, rest) = number(&head)?;
    number(rest).map(|(size, _)| size)
}

/// A number of seven bits a byte, and what follows it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(9).position(|byte| byte & 128 == 0)?;
    let digits = bytes[..=end].iter().rev();
    let number = digits.fold(0, |number, byte| (number << 7) | u64::from(byte & 127));
    Some((number, &bytes[end + 1..]))
}

fn index(root: &Path, pack: &Path, guard: &Guard) -> Result<(), Failure> {
    let options = gix_pack::bundle::write::Options {
        thread_limit: Some(1),
        alloc_limit_bytes: Some(OBJECT_BYTES),
        ..gix_pack::bundle::write::Options::default()
    };
    let pack = File::open(pack).map_err(|_| guard.failure(UNPACK))?;
    let written = gix_pack::Bundle::write_to_directory(
        &mut BufReader::new(pack),
        Some(&root.join("objects/pack")),
        &mut Discard,
        &AtomicBool::new(false),
        None::<gix::objs::find::Never>,
        gix::hash::Kind::Sha1,
        options,
    );
    written.map(|_| ()).map_err(|_| guard.failure(UNPACK))
}

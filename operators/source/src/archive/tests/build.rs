//! Packs files in every format.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use gix::objs::Kind;
use tar::{EntryType, Header};
use zip::write::SimpleFileOptions;

/// A tar of members: type, name as it is written, bytes.
pub(crate) fn tar_of(members: &[(EntryType, &[u8], &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    for (kind, name, bytes) in members {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.as_old_mut().linkname[..4].copy_from_slice(b"a.py");
        }
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A tar of files.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    for (path, bytes) in files {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// A zip of files, with links where a name ends with `@`.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(vec![]));
    for (path, bytes) in files {
        let options = SimpleFileOptions::default();
        match path.strip_suffix('@') {
            Some(path) => writer.add_symlink(path, "a.py", options).unwrap(),
            None => writer.start_file(*path, options).unwrap(),
        }
        writer.write_all(if path.ends_with('@') { b"" } else { bytes }).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A pack of all loose objects of a repository.
pub(crate) fn pack(repository: &gix::Repository) -> Vec<u8> {
    let ids: Vec<_> = repository.objects.iter().unwrap().map(Result::unwrap).collect();
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend((ids.len() as u32).to_be_bytes());
    for id in ids {
        let object = repository.find_object(id).unwrap();
        let kind = match object.kind {
            Kind::Commit => 1,
            Kind::Tree => 2,
            Kind::Blob => 3,
            Kind::Tag => 4,
        };
        pack.extend(entry(kind, object.data.len(), &[], &object.data));
    }
    seal(&mut pack);
    pack
}

/// An object of a pack: its kind and size, what stands between them and the data, and the data.
fn entry(kind: u8, mut size: usize, between: &[u8], data: &[u8]) -> Vec<u8> {
    let mut entry = vec![];
    let mut byte = (kind << 4) | (size & 15) as u8;
    size >>= 4;
    while size > 0 {
        entry.push(byte | 128);
        byte = (size & 127) as u8;
        size >>= 7;
    }
    entry.push(byte);
    entry.extend(between);
    let mut encoder = ZlibEncoder::new(vec![], Compression::default());
    encoder.write_all(data).unwrap();
    entry.extend(encoder.finish().unwrap());
    entry
}

fn number(mut number: usize) -> Vec<u8> {
    let mut bytes = vec![];
    while number > 127 {
        bytes.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A pack whose objects are each the start of the one before, over and over: twice as large as that, up to
/// 2^26 bytes.
pub(crate) fn bomb(objects: u32) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend(objects.to_be_bytes());
    let mut last = entry(3, 1 << 16, &[], &vec![b' '; 1 << 16]);
    let mut size = 1 << 16;
    pack.extend(&last);
    for at in 1..objects {
        let doubles = size < 1 << 26;
        let result = if doubles { (size >> 16) << 17 } else { (size >> 16) << 16 };
        let mut delta = [number(size), number(result + 4)].concat();
        // Each command copies the first 2^16 bytes.
        delta.extend(std::iter::repeat_n(0x80, result >> 16));
        delta.push(4);
        delta.extend(at.to_be_bytes());
        size = result + 4;
        let distance = last.len();
        let mut between = vec![(distance & 127) as u8];
        let mut rest = distance >> 7;
        while rest > 0 {
            rest -= 1;
            between.insert(0, (rest & 127) as u8 | 128);
            rest >>= 7;
        }
        last = entry(6, delta.len(), &between, &delta);
        pack.extend(&last);
    }
    seal(&mut pack);
    pack
}

fn seal(pack: &mut Vec<u8>) {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(pack);
    pack.extend(hasher.try_finalize().unwrap().as_bytes());
}

/// A bundle with these lines at its top.
pub(crate) fn bundle(header: &str, repository: &gix::Repository) -> Vec<u8> {
    let mut bundle = format!("{header}\n").into_bytes();
    bundle.extend(pack(repository));
    bundle
}

/// The files of a folder, as they are, with a prefix.
pub(crate) fn folder(root: &Path, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![];
    let mut pending = vec![root.to_path_buf()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let name = format!("{prefix}{}", path.strip_prefix(root).unwrap().display());
                files.push((name, fs::read(path).unwrap()));
            }
        }
    }
    files
}

/// Files as slices.
pub(crate) fn borrowed(files: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    files.iter().map(|(path, bytes)| (&**path, &**bytes)).collect()
}

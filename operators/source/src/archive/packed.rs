//! Git repositories in archives: bare ones packed as they are, and bundles.
//!
//! What a repository is read from (objects, packs, references, `HEAD`) is put into a folder for temporary
//! files that goes away with the reading; nothing else gets out of the archive: no settings, no hooks, no
//! indices, no ways to other repositories. Packs are indexed anew, since an index may lie.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use backstory_core::{Failure, Repository};
use tempfile::TempDir;

use super::guard::{Guard, Guarded, unreadable};
use super::members::{BROKEN, Format, Member, MemberKind, Packed, each};
use super::pack::{self, UNPACK};
use super::stage::{Top, parts};
use crate::filter::Filter;
use crate::git::{self, Reason};

/// Lines at the top of a bundle are names of references.
const LINE_BYTES: u64 = 4 * 1024;

/// Puts a bare repository into a folder.
pub(crate) fn unpack_bare(
    format: Format,
    open: &dyn Fn() -> Packed,
    guard: &Rc<Guard>,
    mut top: Top,
) -> Result<TempDir, Failure> {
    let folder = make()?;
    let mut visit = |mut member: Member<'_>| match parts(member.name) {
        Ok(parts) if member.kind == MemberKind::File && !parts.is_empty() => {
            match top.strip(parts, false) {
                Ok(Some(parts)) => unpack(folder.path(), &parts, &mut member, guard),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    };
    each(format, open, guard, &mut visit)?;
    Ok(folder)
}

/// An empty bare repository in a folder for temporary files.
fn make() -> Result<TempDir, Failure> {
    let made = tempfile::Builder::new().prefix("backstory-").tempdir().and_then(|folder| {
        fs::create_dir_all(folder.path().join("objects/pack"))?;
        fs::create_dir(folder.path().join("refs"))?;
        Ok(folder)
    });
    made.map_err(|_| unreadable("there is no folder for temporary files; set `TMPDIR` to one"))
}

/// Unpacks a file if it is one that a repository is read from.
fn unpack(
    root: &Path,
    parts: &[&[u8]],
    member: &mut Member<'_>,
    guard: &Rc<Guard>,
) -> Result<(), Failure> {
    let Some(names) = parts.iter().map(|part| plain(part)).collect::<Option<Vec<_>>>() else {
        return Ok(());
    };
    let mut data = (&mut *member.data).take(member.size);
    match &names[..] {
        ["objects", "pack", name] if name.strip_suffix(".pack").is_some() => {
            pack::store(root, &mut data, guard)
        }
        ["HEAD" | "packed-refs"] | ["refs", _, ..] => {
            write(&root.join(names.join("/")), &mut data, guard)
        }
        ["objects", folder, object] if is_hex(folder, 2) && is_hex(object, 38) => {
            write(&root.join(names.join("/")), &mut data, guard)
        }
        _ => Ok(()),
    }
}

/// A name that means nothing to any file system.
fn plain(part: &[u8]) -> Option<&str> {
    let name = str::from_utf8(part).ok()?;
    let is_plain =
        name.len() < 256 && !name.starts_with('.') && name.strip_suffix(".lock").is_none();
    is_plain.then_some(name)
}

fn is_hex(name: &str, digits: usize) -> bool {
    name.len() == digits && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn write(path: &Path, data: &mut dyn Read, guard: &Guard) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = written.and_then(|()| io::copy(data, &mut File::create_new(path)?));
    written.map(|_| ()).map_err(|_| guard.failure(UNPACK))
}

/// Puts the repository of a bundle into a folder.
pub(crate) fn unpack_bundle(packed: Packed, guard: &Rc<Guard>) -> Result<TempDir, Failure> {
    let mut bundle = BufReader::new(Guarded { inner: packed, guard: Rc::clone(guard) });
    let references = header(&mut bundle, guard)?;
    let folder = make()?;
    let head = references.iter().find(|(_, name)| name == "HEAD");
    let head = head.or_else(|| references.iter().find(|(_, name)| name.starts_with("refs/heads/")));
    let Some((head, _)) = head.or(references.first()) else {
        return Err(unreadable(
            "the bundle names no branch; make it with `git bundle create --all`",
        ));
    };
    let lines = references.iter().filter(|(_, name)| name.starts_with("refs/"));
    let lines: Vec<_> = lines.map(|(id, name)| format!("{id} {name}\n")).collect();
    write(&folder.path().join("HEAD"), &mut format!("{head}\n").as_bytes(), guard)?;
    write(&folder.path().join("packed-refs"), &mut lines.concat().as_bytes(), guard)?;
    pack::store(folder.path(), &mut bundle, guard)?;
    Ok(folder)
}

/// The references of a bundle, each an id and a name.
fn header(bundle: &mut impl BufRead, guard: &Guard) -> Result<Vec<(String, String)>, Failure> {
    let broken = || guard.failure(BROKEN);
    let first = line(bundle).ok_or_else(broken)?;
    if first != "# v2 git bundle" && first != "# v3 git bundle" {
        return Err(unreadable("this is no git bundle of version 2 or 3"));
    }
    let mut references = vec![];
    loop {
        guard.meet()?;
        let line = line(bundle).ok_or_else(broken)?;
        if line.is_empty() {
            return Ok(references);
        }
        if let Some(capability) = line.strip_prefix('@') {
            check_capability(capability)?;
        } else if line.starts_with('-') {
            let message =
                "the bundle builds on commits that are not in it; make one of all history";
            return Err(unreadable(message));
        } else {
            let (id, name) = line.split_once(' ').ok_or_else(broken)?;
            if !is_hex(id, 40) || name.contains(char::is_whitespace) {
                return Err(broken());
            }
            references.push((id.into(), name.into()));
        }
    }
}

fn check_capability(capability: &str) -> Result<(), Failure> {
    match capability {
        "object-format=sha1" => Ok(()),
        _ if capability.starts_with("filter=") => {
            Err(unreadable("the bundle leaves objects out; make it without a filter"))
        }
        _ => Err(unreadable("the bundle needs what is not supported, such as SHA-256 objects")),
    }
}

/// A line without its end; none if there is none of a sensible length.
fn line(bundle: &mut impl BufRead) -> Option<String> {
    let mut line = vec![];
    bundle.take(LINE_BYTES).read_until(b'\n', &mut line).ok()?;
    line.pop_if(|byte| *byte == b'\n')?;
    String::from_utf8(line).ok()
}

/// Reads an unpacked repository.
pub(crate) fn read(
    folder: &Path,
    name: &str,
    revision: &str,
    filter: &Filter,
) -> Result<Repository, Failure> {
    let failure = |reason: Reason| {
        let hint = match reason {
            Reason::NoRepository => "pack a bare repository as a whole",
            _ => reason.hint(),
        };
        unreadable(format!("the repository in it {}; {hint}", reason.message()))
    };
    let repository = git::open(folder).map_err(failure)?;
    let commit = git::resolve(&repository, revision).map_err(failure)?;
    git::read_commit(&repository, name, commit, filter)
}

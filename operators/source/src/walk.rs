//! Lists a folder, as git would if everything in it were added.
//!
//! `.gitignore` files count from the top of the repository down, whether or not there is a `.git`; where
//! every file is wanted, only if there is one. What lies outside of the repository has no say: neither a
//! `.gitignore` further up, nor the user's own settings, nor `.git/info/exclude`, which is not part of what
//! was committed. A folder that is left out as a whole counts as one entry, and is not opened. No symbolic
//! link is ever followed.

use std::fs::{self, DirEntry, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use backstory_core::{Failure, FailureKind, LeftOut, Stage};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::filter::Filter;
use crate::listing::Listing;
use crate::revision::Moment;

/// A longer `.gitignore` was not written by a person, and would take long to compile.
const GITIGNORE_BYTES: u64 = 256 * 1024;

/// Tells whether a file changed without reading it; its size lies beside it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: (i64, i64),
    /// When content, name or rights changed last. No program can set it.
    changed: (i64, i64),
    inode: u64,
}

impl Stamp {
    fn of(data: &Metadata) -> Self {
        Self {
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
            inode: data.ino(),
        }
    }

    /// Size and stamp of a file, or of what a link leads to.
    pub(crate) fn of_file(path: &Path) -> Option<(u64, Self)> {
        let data = fs::metadata(path).ok()?;
        Some((data.len(), Self::of(&data)))
    }

    /// Whether a change after `moment` would show in it.
    pub(crate) fn is_before(&self, moment: Moment) -> bool {
        moment.is_after(self.modified.max(self.changed))
    }

    /// Its bytes, to be hashed.
    pub(crate) fn bytes(&self) -> [u8; 40] {
        let [modified, changed] = [self.modified, self.changed].map(<[i64; 2]>::from);
        let mut bytes = [0; 40];
        let numbers = modified.into_iter().chain(changed).chain([self.inode as i64]);
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }
}

/// The rules of one `.gitignore`, and those above it.
struct Rules {
    /// Bytes of a path that lead to the folder of this `.gitignore`.
    prefix: usize,
    own: Gitignore,
    above: Option<Rc<Rules>>,
}

impl Rules {
    /// The nearest file that has an opinion decides.
    fn ignores(&self, path: &str, is_folder: bool) -> bool {
        match self.own.matched(&path[self.prefix..], is_folder) {
            Match::Ignore(_) => true,
            Match::Whitelist(_) => false,
            Match::None => self.above.as_ref().is_some_and(|above| above.ignores(path, is_folder)),
        }
    }
}

/// A folder still to be listed: its path with a slash at its end, empty at the top.
struct Folder {
    path: String,
    rules: Option<Rc<Rules>>,
}

struct Walk<'a> {
    root: &'a Path,
    filter: &'a Filter,
    listing: Listing<Stamp>,
    pending: Vec<Folder>,
    /// Whether `.gitignore` files count.
    has_rules: bool,
}

/// Lists the repository at `root`.
pub(crate) fn list(root: &Path, filter: &Filter) -> Result<Listing<Stamp>, Failure> {
    let top = Folder { path: String::new(), rules: None };
    // Where every file is wanted, what somebody packed into a folder without a `.git` is meant to be there.
    let has_rules = !filter.keeps_all() || root.join(".git").symlink_metadata().is_ok();
    let mut walk = Walk { root, filter, listing: Listing::new(), pending: vec![top], has_rules };
    while let Some(folder) = walk.pending.pop() {
        walk.folder(folder)?;
    }
    Ok(walk.listing.finish())
}

impl Walk<'_> {
    fn folder(&mut self, mut folder: Folder) -> Result<(), Failure> {
        let entries = fs::read_dir(self.root.join(&folder.path)).and_then(Iterator::collect);
        let entries: Vec<DirEntry> = match entries {
            Ok(entries) => entries,
            Err(error) => return self.unreadable_folder(&folder, &error),
        };
        let (mut has_git, mut has_rules) = (false, false);
        for name in entries.iter().map(DirEntry::file_name) {
            has_git |= name == ".git";
            has_rules |= name == ".gitignore";
        }
        if has_git && !folder.path.is_empty() {
            self.listing.leave_out(LeftOut::Submodule);
            return Ok(());
        }
        if has_rules && self.has_rules {
            self.add_rules(&mut folder);
        }
        entries.iter().try_for_each(|entry| self.entry(&folder, entry))
    }

    fn unreadable_folder(&mut self, folder: &Folder, error: &io::Error) -> Result<(), Failure> {
        let message = format!("cannot list this folder: {}", reason(error));
        let kind = FailureKind::Unreadable;
        if folder.path.is_empty() {
            return Err(Failure::repository(Stage::Source, kind, message));
        }
        self.listing.fail(folder.path.trim_end_matches('/'), kind, message);
        Ok(())
    }

    fn add_rules(&mut self, folder: &mut Folder) {
        let path = format!("{}.gitignore", folder.path);
        match compile(&self.root.join(&path)) {
            Ok(Some(own)) => {
                let above = folder.rules.take();
                folder.rules = Some(Rc::new(Rules { prefix: folder.path.len(), own, above }));
            }
            Ok(None) => {}
            Err(message) => self.listing.fail(&path, FailureKind::Unreadable, message),
        }
    }

    fn entry(&mut self, folder: &Folder, entry: &DirEntry) -> Result<(), Failure> {
        let name = entry.file_name();
        if name == ".git" {
            return Ok(());
        }
        self.listing.meet()?;
        let is_named = name.to_str().is_some();
        let path = format!("{}{}", folder.path, name.to_string_lossy());
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => {
                self.unreadable(&path, &error);
                return Ok(());
            }
        };
        let rules = folder.rules.as_ref();
        if rules.is_some_and(|rules| rules.ignores(&path, kind.is_dir())) {
            self.listing.leave_out(LeftOut::Ignored);
        } else if kind.is_symlink() {
            self.listing.leave_out(LeftOut::Symlink);
        } else if kind.is_dir() {
            self.subfolder(path, is_named, rules);
        } else if kind.is_file() {
            self.file(&path, is_named, entry);
        } else {
            self.listing.leave_out(LeftOut::Special);
        }
        Ok(())
    }

    fn subfolder(&mut self, mut path: String, is_named: bool, rules: Option<&Rc<Rules>>) {
        if let Some(reason) = self.filter.folder(&path) {
            self.listing.leave_out(reason);
        } else if is_named {
            path.push('/');
            self.pending.push(Folder { path, rules: rules.map(Rc::clone) });
        } else {
            self.listing.fail(&path, FailureKind::NotUtf8, FOLDER_NAME);
        }
    }

    fn file(&mut self, path: &str, is_named: bool, entry: &DirEntry) {
        let purpose = match self.filter.file(path) {
            Ok(purpose) => purpose,
            Err(reason) => return self.listing.leave_out(reason),
        };
        if !is_named {
            return self.listing.fail(path, FailureKind::NotUtf8, FILE_NAME);
        }
        match entry.metadata() {
            Ok(data) => {
                let stamp = Stamp::of(&data);
                self.listing.add(path, purpose, data.len(), self.filter, stamp);
            }
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn unreadable(&mut self, path: &str, error: &io::Error) {
        let message = format!("cannot look at this file: {}", reason(error));
        self.listing.fail(path, FailureKind::Unreadable, message);
    }
}

/// What is said of a file whose name cannot be written down.
pub(crate) const FILE_NAME: &str = "the name of this file is not UTF-8; rename it";
/// What is said of a folder whose name cannot be written down.
pub(crate) const FOLDER_NAME: &str = "the name of this folder is not UTF-8; rename it";

/// The rules of a `.gitignore`; none if it is no regular file. As in git, a line that is no pattern
/// matches nothing.
fn compile(path: &Path) -> Result<Option<Gitignore>, String> {
    let data = fs::symlink_metadata(path).map_err(|error| cannot_read(&error))?;
    if !data.is_file() {
        return Ok(None);
    }
    if data.len() > GITIGNORE_BYTES {
        return Err(format!("more than {GITIGNORE_BYTES} bytes; its rules are not applied"));
    }
    let mut bytes = vec![];
    read(path, data.len(), &mut bytes)?;
    let mut builder = GitignoreBuilder::new("");
    for line in String::from_utf8_lossy(&bytes).lines() {
        builder.add_line(None, line).ok();
    }
    builder.build().map(Some).map_err(|error| format!("cannot compile its rules: {error}"))
}

/// Reads a file that a listing found to have `size` bytes. Whatever has taken its place since then, this
/// neither follows a link, nor waits for a pipe, nor reads without end.
pub(crate) fn read(path: &Path, size: u64, buffer: &mut Vec<u8>) -> Result<(), String> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|error| cannot_read(&error))?;
    buffer.reserve(size as usize + 1);
    let read = file.take(size + 1).read_to_end(buffer);
    let read = read.map_err(|error| cannot_read(&error))?;
    if read as u64 == size {
        return Ok(());
    }
    Err(format!("its size is not the {size} bytes it was listed with; is it being written to?"))
}

fn cannot_read(error: &io::Error) -> String {
    format!("cannot read this file: {}", reason(error))
}

/// Why the disk refused, in words that do not differ between machines.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT) => "it is gone".into(),
        Some(libc::ELOOP) => "it is a symbolic link".into(),
        _ => error.kind().to_string(),
    }
}

/// The folders directly below `path`, hidden ones and links left out, in no order.
pub(crate) fn subfolders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![];
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

//! Takes in a plain tree as it streams by, and keeps of it what a repository is made from.
//!
//! Responsible for the same verdicts as on a folder or a commit, though members come in any order and only
//! once: what a path, a size and the bytes tell is told at once, and only what will be kept stays in memory.
//! All files of an archive count as tracked, so `.gitignore` files have no say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::rc::Rc;

use backstory_core::{Failure, FailureKind, LeftOut};

use super::guard::Guard;
use super::members::{Member, MemberKind};
use crate::assemble;
use crate::content;
use crate::filter::{Filter, Purpose};
use crate::listing::{self, Listing};
use crate::tree::PATH_BYTES;
use crate::walk::{FILE_NAME, FOLDER_NAME};

/// Why taking in stops before the end.
pub(crate) enum Stop {
    /// The repository cannot be had.
    Failed(Failure),
    /// What was held for the folder around everything is not around everything.
    NoTop,
    /// It is a packed git repository.
    Bare,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The single folder around everything, that is not part of the paths of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Top {
    /// Not a member was met yet.
    Unknown,
    Folder(Vec<u8>),
    None,
}

impl Top {
    /// Takes the top folder off. None if nothing is left.
    pub(crate) fn strip<'a>(
        &mut self,
        mut parts: Vec<&'a [u8]>,
        is_folder: bool,
    ) -> Result<Option<Vec<&'a [u8]>>, Stop> {
        if *self == Self::Unknown {
            let is_around = is_folder || parts.len() > 1;
            *self = if is_around { Self::Folder(parts[0].into()) } else { Self::None };
        }
        if let Self::Folder(top) = self {
            if parts[0] != *top || (parts.len() == 1 && !is_folder) {
                return Err(Stop::NoTop);
            }
            parts.remove(0);
        }
        Ok(if parts.is_empty() { None } else { Some(parts) })
    }
}

/// The parts of a member's name, or what is wrong with it. Empty at the root of the archive.
pub(crate) fn parts(name: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    if name.starts_with(b"/") {
        return Err("an absolute path; paths start at the top of the repository");
    }
    if name.contains(&b'\\') {
        return Err("a backslash in its path; write / between folders");
    }
    if name.contains(&0) || name.len() > PATH_BYTES {
        return Err("no program would write this path; what it came in is broken");
    }
    let parts = name.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
    let parts: Vec<_> = parts.collect();
    if parts.contains(&&b".."[..]) {
        return Err("a path that leads out of its folder; it is broken, or made to do harm");
    }
    Ok(parts)
}

/// What becomes of a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    LeftOut(LeftOut),
    NotUtf8,
}

/// What becomes of a file.
enum Node {
    LeftOut(LeftOut),
    Failed(FailureKind, String),
    Wanted { purpose: Purpose, size: u64, bytes: Vec<u8> },
}

/// What is kept of a plain tree.
pub(crate) struct Stage<'a> {
    filter: &'a Filter,
    guard: Rc<Guard>,
    pub(crate) top: Top,
    folders: HashMap<String, Fate>,
    submodules: BTreeSet<String>,
    nodes: BTreeMap<String, Node>,
    failures: Vec<(String, &'static str)>,
    /// What was met of a bare repository; none if it can be none.
    marks: Option<[bool; 3]>,
    files: u64,
    bytes: u64,
    /// Context that is held, by how soon it would be chosen, with its size.
    context: BTreeMap<(usize, String), u64>,
    context_bytes: u64,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(filter: &'a Filter, guard: &Rc<Guard>, top: Top) -> Self {
        Self {
            filter,
            guard: Rc::clone(guard),
            top,
            folders: HashMap::new(),
            submodules: BTreeSet::new(),
            nodes: BTreeMap::new(),
            failures: vec![],
            marks: Some([false; 3]),
            files: 0,
            bytes: 0,
            context: BTreeMap::new(),
            context_bytes: 0,
        }
    }

    /// Takes what looks like a bare git repository for a plain tree.
    pub(crate) fn only_plain(self) -> Self {
        Self { marks: None, ..self }
    }

    /// Takes in a member.
    pub(crate) fn add(&mut self, mut member: Member<'_>) -> Result<(), Stop> {
        let is_folder = member.kind == MemberKind::Folder;
        self.guard.name(member.name)?;
        let parts = match parts(member.name) {
            Ok(parts) if parts.is_empty() => return Ok(()),
            Ok(parts) => parts,
            Err(message) => {
                self.refuse(member.name, message);
                return Ok(());
            }
        };
        let Some(parts) = self.top.strip(parts, is_folder)? else { return Ok(()) };
        if let Some(at) = parts.iter().position(|part| *part == b".git") {
            if at > 0 && self.descend(&parts[..at])? {
                self.submodules.insert(String::from_utf8_lossy(&parts[..at].join(&b'/')).into());
            }
            return Ok(());
        }
        self.mark(&parts)?;
        let folders = if is_folder { &parts[..] } else { &parts[..parts.len() - 1] };
        if !self.descend(folders)? || is_folder {
            return Ok(());
        }
        let path = String::from_utf8_lossy(&parts.join(&b'/')).into_owned();
        let is_named = str::from_utf8(parts[parts.len() - 1]).is_ok();
        let node = match member.kind {
            MemberKind::Link => Node::LeftOut(LeftOut::Symlink),
            MemberKind::Special => Node::LeftOut(LeftOut::Special),
            _ => self.file(&path, is_named, &mut member)?,
        };
        self.keep(path, node);
        Ok(())
    }

    /// Takes note of a file that cannot be one.
    pub(crate) fn refuse(&mut self, name: &[u8], message: &'static str) {
        let shown = &name[..name.len().min(PATH_BYTES)];
        self.failures.push((String::from_utf8_lossy(shown).into_owned(), message));
    }

    /// Notes what only a bare git repository has at its top.
    fn mark(&mut self, parts: &[&[u8]]) -> Result<(), Stop> {
        let Some(marks) = &mut self.marks else { return Ok(()) };
        marks[0] |= *parts == [b"HEAD"];
        marks[1] |= parts[0] == b"objects" && parts.len() > 1;
        marks[2] |= matches!(parts[0], b"refs" | b"packed-refs");
        if *marks == [true; 3] { Err(Stop::Bare) } else { Ok(()) }
    }

    /// Whether a file in these folders may belong to the repository.
    fn descend(&mut self, folders: &[&[u8]]) -> Result<bool, Failure> {
        let mut path = String::new();
        for part in folders {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&String::from_utf8_lossy(part));
            let known = self.folders.get(&path).copied();
            let fate = known.map_or_else(|| self.fate(&path, part), Ok)?;
            if fate != Fate::Open {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Decides on a folder that is met for the first time.
    fn fate(&mut self, path: &str, name: &[u8]) -> Result<Fate, Failure> {
        self.guard.descend(path)?;
        let fate = match self.filter.folder(path) {
            Some(reason) => Fate::LeftOut(reason),
            None if str::from_utf8(name).is_err() => Fate::NotUtf8,
            None => Fate::Open,
        };
        self.folders.insert(path.into(), fate);
        Ok(fate)
    }

    fn file(
        &mut self,
        path: &str,
        is_named: bool,
        member: &mut Member<'_>,
    ) -> Result<Node, Failure> {
        let size = member.size;
        let purpose = match self.filter.file(path) {
            Ok(purpose) => purpose,
            Err(reason) => return Ok(Node::LeftOut(reason)),
        };
        if !is_named {
            return Ok(Node::Failed(FailureKind::NotUtf8, FILE_NAME.into()));
        }
        let most = match purpose {
            Purpose::Source(_) => self.filter.limits.file_bytes,
            Purpose::Context => listing::CONTEXT_BYTES,
        };
        if size > most {
            return Ok(Node::Wanted { purpose, size, bytes: vec![] });
        }
        let mut bytes = vec![];
        let read = (&mut *member.data).take(size.saturating_add(1)).read_to_end(&mut bytes);
        if let Some(cause) = self.guard.cause() {
            return Err(cause);
        }
        match read {
            Ok(read) if read as u64 == size => self.judge(purpose, bytes),
            _ => Ok(Node::Failed(FailureKind::Unreadable, TORN.into())),
        }
    }

    /// Lets go of bytes that are not needed once they were looked at.
    fn judge(&mut self, purpose: Purpose, bytes: Vec<u8>) -> Result<Node, Failure> {
        let size = bytes.len() as u64;
        let Purpose::Source(language) = purpose else {
            return Ok(Node::Wanted { purpose, size, bytes });
        };
        match (content::judge(language, &bytes), str::from_utf8(&bytes)) {
            // Nothing is as empty as white space.
            (Some(LeftOut::Empty), _) => Ok(Node::Wanted { purpose, size, bytes: vec![] }),
            (Some(reason), _) => Ok(Node::LeftOut(reason)),
            (None, Err(error)) => Ok(Node::Failed(FailureKind::NotUtf8, assemble::not_utf8(error))),
            (None, Ok(_)) => {
                self.files += 1;
                self.bytes += size;
                assemble::check(self.files, self.bytes, self.filter.limits)?;
                Ok(Node::Wanted { purpose, size, bytes })
            }
        }
    }

    fn keep(&mut self, path: String, node: Node) {
        if let Some(first) = self.nodes.get_mut(&path) {
            *first = Node::Failed(FailureKind::Unreadable, DOUBLE.into());
            return;
        }
        if let Node::Wanted { purpose: Purpose::Context, size, .. } = &node {
            self.context.insert((path.matches('/').count(), path.clone()), *size);
            self.context_bytes += size;
        }
        self.nodes.insert(path, node);
        // What comes last of too much is not chosen, whatever else there is.
        while self.context_bytes > assemble::CONTEXT_BYTES
            && let Some(((_, path), size)) = self.context.pop_last()
        {
            self.context_bytes -= size;
            if let Some(Node::Wanted { bytes, .. }) = self.nodes.get_mut(&path) {
                *bytes = vec![];
            }
        }
    }

    /// The listing of all that was met, with the bytes of files as their handles.
    pub(crate) fn finish(mut self) -> Listing<Vec<u8>> {
        let mut listing = Listing::new();
        for (path, message) in &self.failures {
            listing.fail(path, FailureKind::Unreadable, *message);
        }
        let mut submodules = BTreeSet::new();
        for (path, fate) in &self.folders {
            match (self.submodule_around(path), fate) {
                (Some(submodule), _) => _ = submodules.insert(submodule.to_owned()),
                (None, Fate::Open) => {}
                (None, Fate::LeftOut(reason)) => listing.leave_out(*reason),
                (None, Fate::NotUtf8) => listing.fail(path, FailureKind::NotUtf8, FOLDER_NAME),
            }
        }
        for _ in submodules {
            listing.leave_out(LeftOut::Submodule);
        }
        for (path, node) in std::mem::take(&mut self.nodes) {
            if self.submodule_around(&path).is_none() {
                self.settle(&mut listing, &path, node);
            }
        }
        listing.finish()
    }

    /// The submodule that a path is, or lies in.
    fn submodule_around<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut above = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]);
        above.find(|above| self.submodules.contains(*above))
    }

    /// Puts a file where it belongs.
    fn settle(&self, listing: &mut Listing<Vec<u8>>, path: &str, node: Node) {
        if self.folders.contains_key(path) {
            return listing.fail(path, FailureKind::Unreadable, BOTH);
        }
        match node {
            Node::LeftOut(reason) => listing.leave_out(reason),
            Node::Failed(kind, message) => listing.fail(path, kind, message),
            Node::Wanted { purpose, size, bytes } => {
                listing.add(path, purpose, size, self.filter, bytes);
            }
        }
    }
}

const TORN: &str = "its content is not there, or not of the size that is given";
const DOUBLE: &str = "two files have this path; programs differ in which they take";
const BOTH: &str = "a file and a folder have this path";

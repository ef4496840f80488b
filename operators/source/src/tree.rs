//! Lists the files of a commit.
//!
//! All that is in a commit is tracked, so `.gitignore` files have no say. A folder that is left out as a
//! whole counts as one entry and is not opened, just as in a folder on disk.

use backstory_core::{Failure, FailureKind, LeftOut, Stage};
use gix::ObjectId;
use gix::objs::Kind;
use gix::objs::tree::EntryKind;

use crate::filter::Filter;
use crate::listing::Listing;
use crate::walk::{FILE_NAME, FOLDER_NAME};

/// No disk holds longer paths; a commit made to do harm can.
pub(crate) const PATH_BYTES: usize = 4096;

/// What is said of an object that is named and not there, or not what it is said to be.
pub(crate) const MISSING: &str =
    "its git object cannot be read; if the clone is partial or shallow, fetch the rest";

struct Walk<'a> {
    repository: &'a gix::Repository,
    filter: &'a Filter,
    listing: Listing<ObjectId>,
    /// Folders still to be listed: the path with a slash at its end, and the tree.
    pending: Vec<(String, ObjectId)>,
}

/// Lists the tree `root`.
pub(crate) fn list(
    repository: &gix::Repository,
    root: ObjectId,
    filter: &Filter,
) -> Result<Listing<ObjectId>, Failure> {
    let pending = vec![(String::new(), root)];
    let mut walk = Walk { repository, filter, listing: Listing::new(), pending };
    while let Some((path, tree)) = walk.pending.pop() {
        walk.folder(&path, tree)?;
    }
    Ok(walk.listing.finish())
}

impl Walk<'_> {
    fn folder(&mut self, folder: &str, id: ObjectId) -> Result<(), Failure> {
        let tree = self.repository.find_tree(id);
        let Ok(tree) = tree else { return self.unreadable_folder(folder) };
        for entry in tree.iter() {
            let Ok(entry) = entry else { return self.unreadable_folder(folder) };
            self.listing.meet()?;
            let (name, id) = (entry.filename().as_ref(), entry.object_id());
            self.entry(folder, name, entry.kind(), id);
        }
        Ok(())
    }

    fn unreadable_folder(&mut self, folder: &str) -> Result<(), Failure> {
        let kind = FailureKind::Unreadable;
        if folder.is_empty() {
            return Err(Failure::repository(Stage::Source, kind, MISSING));
        }
        self.listing.fail(folder.trim_end_matches('/'), kind, MISSING);
        Ok(())
    }

    fn entry(&mut self, folder: &str, name: &[u8], kind: EntryKind, id: ObjectId) {
        let is_named = std::str::from_utf8(name).is_ok();
        let path = format!("{folder}{}", String::from_utf8_lossy(name));
        if !is_sound(name) || path.len() > PATH_BYTES {
            let message = "no git program would write this path; the commit is broken";
            return self.listing.fail(&path, FailureKind::Unreadable, message);
        }
        match kind {
            EntryKind::Link => self.listing.leave_out(LeftOut::Symlink),
            EntryKind::Commit => self.listing.leave_out(LeftOut::Submodule),
            EntryKind::Tree => self.subfolder(path, is_named, id),
            EntryKind::Blob | EntryKind::BlobExecutable => self.file(&path, is_named, id),
        }
    }

    fn subfolder(&mut self, mut path: String, is_named: bool, id: ObjectId) {
        if let Some(reason) = self.filter.folder(&path) {
            self.listing.leave_out(reason);
        } else if is_named {
            path.push('/');
            self.pending.push((path, id));
        } else {
            self.listing.fail(&path, FailureKind::NotUtf8, FOLDER_NAME);
        }
    }

    /// Looks at the header of the object alone: it tells the size.
    fn file(&mut self, path: &str, is_named: bool, id: ObjectId) {
        let purpose = match self.filter.file(path) {
            Ok(purpose) => purpose,
            Err(reason) => return self.listing.leave_out(reason),
        };
        if !is_named {
            return self.listing.fail(path, FailureKind::NotUtf8, FILE_NAME);
        }
        match self.repository.find_header(id) {
            Ok(header) if header.kind() == Kind::Blob => {
                self.listing.add(path, purpose, header.size(), self.filter, id);
            }
            _ => self.listing.fail(path, FailureKind::Unreadable, MISSING),
        }
    }
}

/// Whether a name can stand in a path: a broken commit may hold one that leads out of its folder.
fn is_sound(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b".." | b".git") && !name.contains(&b'/') && !name.contains(&0)
}

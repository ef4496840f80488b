//! How much of a repository is read: the limits of a plan and their defaults.

use backstory_core::BuildError;

/// The limits of a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of one file.
    pub(crate) file_bytes: u64,
    /// Source files of a repository.
    pub(crate) files: u64,
    /// Bytes of source of a repository.
    pub(crate) repository_bytes: u64,
}

impl Limits {
    /// What is wrong with them.
    pub(crate) fn check(self) -> Vec<BuildError> {
        let all = [
            ("max_file_bytes", self.file_bytes),
            ("max_files", self.files),
            ("max_repository_bytes", self.repository_bytes),
        ];
        let zero = all.into_iter().filter(|(_, limit)| *limit == 0);
        zero.map(|(key, _)| BuildError {
            key,
            message: "0 leaves nothing to read".into(),
            hint: Some("drop the key to use the default".into()),
        })
        .collect()
    }
}

pub(crate) fn max_file_bytes() -> u64 {
    1024 * 1024
}

pub(crate) fn max_files() -> u64 {
    20_000
}

pub(crate) fn max_repository_bytes() -> u64 {
    64 * 1024 * 1024
}

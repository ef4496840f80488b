//! Resolved dependencies of a repository and the order they imply.

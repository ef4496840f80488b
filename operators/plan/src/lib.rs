//! Requirements and a file-level plan for a repository.

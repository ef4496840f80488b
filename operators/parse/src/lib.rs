//! Outlines of files: definitions, signatures, docs and imports.

//! One trajectory of typed spans out of plan and drafts.

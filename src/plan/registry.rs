//! Every kind that a plan can name: one line each.
//!
//! Parsing, checks, hints, the JSON schema and the list for the manual read these lines, in this order.
//! A new kind is a struct in a folder of its own, and its line.

use super::kind::{OperatorKind, Registry, asked, source};

/// The kinds of this engine.
pub static REGISTRY: Registry = Registry {
    sources: &[
        // [source]
        source!(backstory_source::Dir),
        source!(backstory_source::Git),
        source!(backstory_source::Archive),
        source!(backstory_source::ParquetRows),
    ],
    authors: &[
        // [models.NAME]
        asked!(backstory_author::OpenAiConfig),
        asked!(backstory_author::Outline),
    ],
    scorers: &[
        // [scorers.NAME]
        asked!(backstory_score::LocalConfig),
        asked!(backstory_score::ServerConfig),
    ],
    operators: &[
        // [[operator]]
        OperatorKind::of::<backstory_parse::Parse>(),
        OperatorKind::of::<backstory_graph::Graph>(),
        OperatorKind::of::<backstory_plan::Plan>(),
        OperatorKind::of::<backstory_simulate::Simulate>(),
        OperatorKind::of::<backstory_search::Search>(),
        OperatorKind::of::<backstory_flatten::Flatten>(),
        OperatorKind::of::<backstory_mask::Mask>(),
    ],
    classify: backstory_languages::classify,
};

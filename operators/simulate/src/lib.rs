//! The steps of a sub-agent that writes one file.

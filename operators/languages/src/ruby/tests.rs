use backstory_core::EdgeKind;

use crate::testing::{Sample, render};

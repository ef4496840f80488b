use crate::testing::{Sample, render};

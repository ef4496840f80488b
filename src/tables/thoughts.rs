//! What is known of thoughts, as columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, Int32Array};
use arrow::datatypes::{DataType, Field, Fields, Float32Type, Int32Type, Int64Type};
use backstory_core::{Gains, Quality};

use super::arrays::{Made, list, list_of, numbers, optional, required, shares, structs, texts};
use super::columns::{Columns, Read, read_numbers, read_texts};

/// What is known of a thought.
#[derive(Clone, Debug, PartialEq)]
pub struct ThoughtRow {
    /// The file it is about, as index into `files`.
    pub file: u32,
    /// Whether it was written before a file that is read before it had the content that it has by now. Its measures
    /// and gains are of that time.
    pub kept: bool,
    /// Its measures.
    pub quality: Quality,
    /// What it does for the file; all empty where nothing was searched.
    pub gains: Gains,
}

/// Of one thought, or a text that was tried in its place.
pub(super) fn measure_fields() -> Vec<Field> {
    vec![
        required("copy_8", DataType::Float32),
        required("copy_13", DataType::Float32),
        required("longest_copy", DataType::Int64),
        required("n_ungrounded", DataType::Int64),
        required("ungrounded", list_of(DataType::Utf8)),
        required("n_hindsight_talk", DataType::Int64),
        required("hindsight_talk", list_of(DataType::Utf8)),
        required("repetition", DataType::Float32),
        required("tokens", DataType::Int64),
        required("words", DataType::Int64),
        required("chars", DataType::Int64),
    ]
}

pub(super) fn thought_fields() -> Fields {
    let gains = vec![
        optional("gain_vs_none", DataType::Float32),
        optional("gain_vs_first", DataType::Float32),
        required("gain_by_round", list_of(DataType::Float32)),
        optional("gain_leak_adjusted", DataType::Float32),
        optional("swap_control", DataType::Float32),
    ];
    let file = vec![required("file", DataType::Int32), required("kept", DataType::Boolean)];
    [file, measure_fields(), gains].concat().into()
}

pub(super) fn measures(rows: &[&Quality]) -> Made<Vec<ArrayRef>> {
    let of = |field: fn(&Quality) -> u32| numbers(rows, move |row| field(row).into());
    Ok(vec![
        shares(rows, |row| row.copy_8),
        shares(rows, |row| row.copy_13),
        of(|quality| quality.longest_copy),
        of(|quality| quality.n_ungrounded),
        texts(rows.iter().map(|row| row.ungrounded.as_slice()))?,
        of(|quality| quality.n_hindsight_talk),
        texts(rows.iter().map(|row| row.hindsight_talk.as_slice()))?,
        shares(rows, |row| row.repetition),
        of(|quality| quality.tokens),
        of(|quality| quality.words),
        of(|quality| quality.chars),
    ])
}

pub(super) fn thoughts(rows: &[ThoughtRow]) -> Made<ArrayRef> {
    let files = rows.iter().map(|row| row.file as i32);
    let files: ArrayRef = Arc::new(Int32Array::from_iter_values(files));
    let kept = rows.iter().map(|row| Some(row.kept));
    let kept: ArrayRef = Arc::new(kept.collect::<BooleanArray>());
    let gain = |of: fn(&Gains) -> Option<f32>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(&row.gains)).collect::<Float32Array>())
    };
    let rounds = rows.iter().flat_map(|row| row.gains.rounds.iter().copied());
    let rounds = Arc::new(Float32Array::from_iter_values(rounds));
    let gains = vec![
        gain(|gains| gains.vs_none),
        gain(|gains| gains.vs_first),
        list(rows.iter().map(|row| row.gains.rounds.len()), rounds)?,
        gain(|gains| gains.leak_adjusted),
        gain(|gains| gains.swap_control),
    ];
    let measures = measures(&rows.iter().map(|row| &row.quality).collect::<Vec<_>>())?;
    structs(thought_fields(), [vec![files, kept], measures, gains].concat())
}

pub(super) fn read_measures(columns: &Columns<'_>, rows: usize) -> Read<Vec<Quality>> {
    let count = |name| columns.numbers::<Int64Type>(name);
    let share = |name| columns.numbers::<Float32Type>(name);
    let (copy_8, copy_13, repetition) = (share("copy_8")?, share("copy_13")?, share("repetition")?);
    let (longest, tokens) = (count("longest_copy")?, count("tokens")?);
    let (words, chars) = (count("words")?, count("chars")?);
    let (n_ungrounded, n_talk) = (count("n_ungrounded")?, count("n_hindsight_talk")?);
    let (ungrounded, talk) = (columns.lists("ungrounded")?, columns.lists("hindsight_talk")?);
    let quality = |row: usize| {
        Ok(Quality {
            tokens: tokens[row] as u32,
            copy_8: copy_8[row],
            copy_13: copy_13[row],
            longest_copy: longest[row] as u32,
            ungrounded: read_texts(ungrounded, row)?,
            n_ungrounded: n_ungrounded[row] as u32,
            hindsight_talk: read_texts(talk, row)?,
            n_hindsight_talk: n_talk[row] as u32,
            repetition: repetition[row],
            words: words[row] as u32,
            chars: chars[row] as u32,
        })
    };
    (0..rows).map(quality).collect()
}

fn read_gains(columns: &Columns<'_>, rows: usize) -> Read<Vec<Gains>> {
    let gain = |name| columns.optional_numbers::<Float32Type>(name);
    let (none, first) = (gain("gain_vs_none")?, gain("gain_vs_first")?);
    let (adjusted, swap) = (gain("gain_leak_adjusted")?, gain("swap_control")?);
    let rounds = columns.lists("gain_by_round")?;
    let gains = |row: usize| {
        Ok(Gains {
            vs_none: none[row],
            vs_first: first[row],
            rounds: read_numbers::<Float32Type>(rounds, row)?,
            leak_adjusted: adjusted[row],
            swap_control: swap[row],
        })
    };
    (0..rows).map(gains).collect()
}

pub(super) fn read_thoughts(columns: &Columns<'_>, rows: usize) -> Read<Vec<ThoughtRow>> {
    let files = columns.numbers::<Int32Type>("file")?.iter().map(|file| *file as u32);
    let (qualities, gains) = (read_measures(columns, rows)?, read_gains(columns, rows)?);
    let kept = columns.flags("kept")?.values().iter();
    let row = |(((file, kept), quality), gains)| ThoughtRow { file, kept, quality, gains };
    Ok(files.zip(kept).zip(qualities).zip(gains).map(row).collect())
}

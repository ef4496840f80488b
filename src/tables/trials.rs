//! The table `trials`: every text that a search has compared, and what became of it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, StructArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int32Type, Int64Type};
use backstory_core::{Decision, Quality, Trial, TrialScore, Variant};

use super::arrays::{Made, batch, list, list_of, optional, optional_strings, required, strings};
use super::columns::{Columns, Read, damaged, read_numbers, text};
use super::thoughts::{measure_fields, measures, read_measures};

/// A row of `trials`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRow {
    /// The repository's name in its source.
    pub repo: String,
    /// The operator of the plan that has compared.
    pub simulation: String,
    /// The file, by its path.
    pub path: String,
    /// What was tried.
    pub trial: Trial,
    /// What the text gains over no thought, in nats per token of the file; none if either has no score.
    pub gain_vs_none: Option<f64>,
    /// The same over the thought as simulated.
    pub gain_vs_first: Option<f64>,
}

impl TrialRow {
    /// Rows of all trials of a file, in order.
    pub fn of(repo: &str, simulation: &str, path: &str, trials: &[Trial]) -> Vec<Self> {
        let of_step = trials.chunk_by(|one, next| one.step == next.step);
        let rows = of_step.flat_map(|trials| {
            let score = |variant| {
                let reference = trials.iter().find(|trial| trial.variant == variant);
                reference.and_then(|trial| trial.score.as_ref())
            };
            let (none, first) = (score(Variant::None), score(Variant::First));
            trials.iter().map(move |trial| Self {
                repo: repo.to_owned(),
                simulation: simulation.to_owned(),
                path: path.to_owned(),
                gain_vs_none: gain(none, trial),
                gain_vs_first: gain(first, trial),
                trial: trial.clone(),
            })
        });
        rows.collect()
    }
}

fn gain(reference: Option<&TrialScore>, trial: &Trial) -> Option<f64> {
    let score = trial.score.as_ref()?;
    Some((reference?.nats - score.nats) / f64::from(score.target_tokens))
}

pub(super) fn trial_fields() -> Vec<Field> {
    vec![
        required("repo", DataType::Utf8),
        required("simulation", DataType::Utf8),
        required("path", DataType::Utf8),
        required("file", DataType::Int32),
        required("step", DataType::Int32),
        required("variant", DataType::Utf8),
        required("round", DataType::Int32),
        required("candidate", DataType::Int32),
        required("text", DataType::Utf8),
        optional("key", DataType::Utf8),
        required("decision", DataType::Utf8),
        optional("why", DataType::Utf8),
        optional("nats", DataType::Float64),
        optional("clipped", DataType::Float64),
        optional("objective", DataType::Float64),
        optional("current", DataType::Float64),
        optional("gain_vs_none", DataType::Float64),
        optional("gain_vs_first", DataType::Float64),
        optional("gain_leak_adjusted", DataType::Float32),
        optional("target_tokens", DataType::Int64),
        optional("target_bytes", DataType::Int64),
        optional("thought_tokens", DataType::Int64),
        required("excess", list_of(DataType::Float64)),
        optional("quality", DataType::Struct(measure_fields().into())),
    ]
}

/// Rows of `trials` as one batch.
pub fn trial_batch(rows: &[TrialRow]) -> Made<RecordBatch> {
    let places = |of: fn(&Trial) -> u32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| of(&row.trial) as i32)))
    };
    let reals = |of: fn(&TrialRow) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<Float64Array>())
    };
    let counts = |of: fn(&TrialScore) -> u64| -> ArrayRef {
        let counts = rows.iter().map(|row| row.trial.score.as_ref().map(|it| of(it) as i64));
        Arc::new(counts.collect::<Int64Array>())
    };
    let excess = |row: &TrialRow| row.trial.score.clone().map_or(vec![], |score| score.excess);
    let levels = Float64Array::from_iter_values(rows.iter().flat_map(excess));
    let adjusted = rows.iter().map(|row| row.trial.score.as_ref()?.leak_adjusted);
    let keys = rows.iter().map(|row| row.trial.key.map(|key| key.to_string()));
    let columns = vec![
        strings(rows, |row| &row.repo),
        strings(rows, |row| &row.simulation),
        strings(rows, |row| &row.path),
        places(|trial| trial.file),
        places(|trial| trial.step),
        strings(rows, |row| row.trial.variant.name()),
        places(|trial| trial.round),
        places(|trial| trial.candidate),
        strings(rows, |row| &row.trial.text),
        Arc::new(keys.collect::<StringArray>()),
        strings(rows, |row| row.trial.decision.name()),
        optional_strings(rows, |row| row.trial.decision.why()),
        reals(|row| Some(row.trial.score.as_ref()?.nats)),
        reals(|row| Some(row.trial.score.as_ref()?.clipped)),
        reals(|row| Some(row.trial.score.as_ref()?.objective)),
        reals(|row| row.trial.current),
        reals(|row| row.gain_vs_none),
        reals(|row| row.gain_vs_first),
        Arc::new(adjusted.collect::<Float32Array>()),
        counts(|score| score.target_tokens.into()),
        counts(|score| score.target_bytes),
        counts(|score| score.thought_tokens.into()),
        list(rows.iter().map(|row| excess(row).len()), Arc::new(levels))?,
        qualities(rows)?,
    ];
    batch(trial_fields(), columns)
}

fn qualities(rows: &[TrialRow]) -> Made<ArrayRef> {
    let nothing = Quality::default();
    let qualities = rows.iter().map(|row| row.trial.quality.as_ref());
    let there = qualities.clone().map(|quality| quality.is_some()).collect::<NullBuffer>();
    let qualities = qualities.map(|quality| quality.unwrap_or(&nothing)).collect::<Vec<_>>();
    let columns = measures(&qualities)?;
    Ok(Arc::new(StructArray::try_new(measure_fields().into(), columns, Some(there))?))
}

/// Trials of rows of `trials`, in their order.
pub fn trial_rows(batch: &RecordBatch) -> Read<Vec<TrialRow>> {
    let columns = Columns::Batch(batch);
    let string = |name| columns.strings(name);
    let place = |name| columns.numbers::<Int32Type>(name);
    let real = |name| columns.optional_numbers::<Float64Type>(name);
    let (repos, simulations, paths) = (string("repo")?, string("simulation")?, string("path")?);
    let (files, steps) = (place("file")?, place("step")?);
    let (rounds, candidates) = (place("round")?, place("candidate")?);
    let (variants, texts, keys) = (string("variant")?, string("text")?, string("key")?);
    let (decisions, reasons) = (string("decision")?, string("why")?);
    let (current, none, first) = (real("current")?, real("gain_vs_none")?, real("gain_vs_first")?);
    let mut scores = read_scores(&columns, batch.num_rows())?.into_iter();
    let mut qualities = read_qualities(&columns, batch.num_rows())?.into_iter();
    let row = |row: usize| {
        let decision = || Decision::from_name(decisions.value(row), text(reasons, row));
        let key = text(keys, row).map(|key| key.parse().map_err(|_| damaged("a key is none")));
        let trial = Trial {
            file: files[row] as u32,
            step: steps[row] as u32,
            variant: Variant::from_name(variants.value(row))
                .ok_or_else(|| damaged(format!("\"{}\" is no variant", variants.value(row))))?,
            round: rounds[row] as u32,
            candidate: candidates[row] as u32,
            text: texts.value(row).to_owned(),
            key: key.transpose()?,
            quality: qualities.next().flatten(),
            score: scores.next().flatten(),
            current: current[row],
            decision: decision()
                .ok_or_else(|| damaged(format!("\"{}\" is no decision", decisions.value(row))))?,
        };
        Ok(TrialRow {
            repo: repos.value(row).to_owned(),
            simulation: simulations.value(row).to_owned(),
            path: paths.value(row).to_owned(),
            trial,
            gain_vs_none: none[row],
            gain_vs_first: first[row],
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

fn read_scores(columns: &Columns<'_>, rows: usize) -> Read<Vec<Option<TrialScore>>> {
    let real = |name| columns.optional_numbers::<Float64Type>(name);
    let count = |name| columns.optional_numbers::<Int64Type>(name);
    let (nats, clipped, objective) = (real("nats")?, real("clipped")?, real("objective")?);
    let (tokens, bytes) = (count("target_tokens")?, count("target_bytes")?);
    let adjusted = columns.optional_numbers::<Float32Type>("gain_leak_adjusted")?;
    let (thought, excess) = (count("thought_tokens")?, columns.lists("excess")?);
    let score = |row: usize| {
        let Some(nats) = nats[row] else { return Ok(None) };
        let score = || {
            Some(TrialScore {
                nats,
                clipped: clipped[row]?,
                objective: objective[row]?,
                target_tokens: tokens[row]? as u32,
                target_bytes: bytes[row]? as u64,
                thought_tokens: thought[row]? as u32,
                excess: read_numbers::<Float64Type>(excess, row).ok()?,
                leak_adjusted: adjusted[row],
            })
        };
        score().map(Some).ok_or_else(|| damaged("a score is not whole"))
    };
    (0..rows).map(score).collect()
}

fn read_qualities(columns: &Columns<'_>, rows: usize) -> Read<Vec<Option<Quality>>> {
    let column = columns.get("quality")?;
    let structs = column.as_struct_opt();
    let structs = structs.ok_or_else(|| damaged("column \"quality\" holds no structs"))?;
    let qualities = read_measures(&Columns::Struct(structs), rows)?;
    let there = (0..rows).map(|row| column.is_valid(row));
    Ok(qualities.into_iter().zip(there).map(|(quality, there)| there.then_some(quality)).collect())
}

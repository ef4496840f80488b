//! What a run took, as its tables tell.

use std::collections::BTreeMap;
use std::ops::Add;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use backstory_store::Location;
use futures::TryStreamExt;

use crate::tables::{OutputError, Reader};

/// What the requests of one stage take, or took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    pub requests: f64,
    pub tokens_in: f64,
    pub tokens_out: f64,
    pub money: f64,
    /// Seconds that servers work on them; 0 for scores, which wait for each other.
    pub seconds: f64,
}

/// A stage: what asks, and what for.
pub type Stage = (String, String);

/// What each stage takes, by repository.
pub type Costs = BTreeMap<String, BTreeMap<Stage, Cost>>;

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            tokens_in: self.tokens_in + other.tokens_in,
            tokens_out: self.tokens_out + other.tokens_out,
            money: self.money + other.money,
            seconds: self.seconds + other.seconds,
        }
    }
}

/// What a run says it took.
pub struct Taken {
    /// The stages in the order in which they ask.
    pub stages: Vec<Stage>,
    pub costs: Costs,
}

/// Reads what the run into `sink` took.
pub async fn taken(sink: &Location) -> Result<Taken, OutputError> {
    let reader = Reader::open(sink, None).await?;
    let sql = "SELECT CAST(tries AS DOUBLE), CAST(prompt_tokens AS DOUBLE), \
               CAST(completion_tokens AS DOUBLE), COALESCE(cost, 0.0), \
               CASE WHEN purpose = 'score' THEN 0.0 ELSE latency_ms / 1000.0 END, \
               CAST(repo AS VARCHAR), CAST(simulation AS VARCHAR), CAST(purpose AS VARCHAR) \
               FROM ledger";
    let mut stream = reader.stream(sql).await?;
    let (mut stages, mut costs) = (Vec::<Stage>::new(), Costs::new());
    while let Some(batch) = stream.try_next().await? {
        let (numbers, texts) = batch.columns().split_at(5);
        let numbers = numbers.iter().map(AsArray::as_primitive::<Float64Type>);
        let numbers = numbers.collect::<Vec<_>>();
        let texts = texts.iter().map(|column| cast(column, &DataType::Utf8));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let number = |column: usize| numbers[column].value(row);
            let text = |column: usize| texts[column].as_string::<i32>().value(row).to_owned();
            let stage = (text(1), text(2));
            if !stages.contains(&stage) {
                stages.push(stage.clone());
            }
            let cost = Cost {
                requests: number(0),
                tokens_in: number(1),
                tokens_out: number(2),
                money: number(3),
                seconds: number(4),
            };
            let sum = costs.entry(text(0)).or_default().entry(stage).or_default();
            *sum = *sum + cost;
        }
    }
    Ok(Taken { stages, costs })
}

use std::f64::consts::TAU;

use serde::Deserialize;
use serde_json::Value;

use crate::model::LoadError;

/// Rotary position embedding: which angle each pair of a head's dimensions turns by for each position.
///
/// As in `transformers` (`modeling_rope_utils.py`) and vLLM, and so in training, frequencies and angles
/// are f32 whatever the model computes in, and scalings are computed in the same order of operations: a
/// frequency that is off by its last bit turns position 4,000 by 2e-4 rad, and a token by 1e-4 nats.
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// Radians by position, one for each pair.
    inverse_frequencies: Vec<f32>,
    /// Factor of sine and cosine (`YaRN`).
    attention_factor: f64,
    /// The longest text that this scaling is meant for.
    pub(super) max_positions: usize,
}

/// `rope_parameters`, or `rope_scaling` of before `transformers` 5.
#[derive(Default, Deserialize)]
struct Parameters {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f64>,
    partial_rotary_factor: Option<f64>,
    factor: Option<f64>,
    original_max_position_embeddings: Option<usize>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    attention_factor: Option<f64>,
    beta_fast: Option<f64>,
    beta_slow: Option<f64>,
    mscale: Option<f64>,
    mscale_all_dim: Option<f64>,
    truncate: Option<bool>,
}

impl Rope {
    pub(super) fn new(
        parameters: Option<&Value>,
        theta: Option<f64>,
        head_dim: usize,
        max_position_embeddings: usize,
    ) -> Result<Self, LoadError> {
        let parameters = parameters.map(Parameters::deserialize).transpose();
        let parameters = parameters.map_err(|error| refused(&error.to_string()))?;
        let parameters = parameters.unwrap_or_default();
        if parameters.partial_rotary_factor.is_some_and(|factor| factor < 1.0) {
            return Err(refused("partial_rotary_factor"));
        }
        let theta = parameters.rope_theta.or(theta).unwrap_or(10_000.0);
        let original = parameters.original_max_position_embeddings;
        let original = original.unwrap_or(max_position_embeddings);
        let plain = Self {
            inverse_frequencies: frequencies(theta, head_dim).map(f32::recip).collect(),
            attention_factor: 1.0,
            max_positions: max_position_embeddings,
        };
        match parameters.rope_type.as_deref().unwrap_or("default") {
            "default" => Ok(plain),
            "linear" => plain.linear(&parameters),
            "llama3" => plain.llama3(&parameters, original as f64),
            "yarn" => Ok(plain.yarn(&parameters, theta, original)),
            other => Err(refused(&format!("rope_type \"{other}\""))),
        }
    }

    /// Cosine and sine by which each pair of a head turns at `position`.
    pub(crate) fn angles(&self, position: u32) -> impl Iterator<Item = (f64, f64)> {
        self.inverse_frequencies.iter().map(move |frequency| {
            let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
            (cos * self.attention_factor, sin * self.attention_factor)
        })
    }

    /// Position interpolation (Chen et al. 2023, arXiv 2306.15595).
    fn linear(mut self, parameters: &Parameters) -> Result<Self, LoadError> {
        let factor = required(parameters.factor, "factor")?;
        for frequency in &mut self.inverse_frequencies {
            *frequency /= factor as f32;
        }
        self.max_positions = (self.max_positions as f64 * factor) as usize;
        Ok(self)
    }

    /// What Llama 3.1 does: long waves are stretched, short ones kept, with a ramp between them.
    fn llama3(mut self, parameters: &Parameters, original: f64) -> Result<Self, LoadError> {
        let factor = required(parameters.factor, "factor")? as f32;
        let low = required(parameters.low_freq_factor, "low_freq_factor")?;
        let high = required(parameters.high_freq_factor, "high_freq_factor")?;
        for frequency in &mut self.inverse_frequencies {
            let wave = TAU as f32 / *frequency;
            if wave > (original / low) as f32 {
                *frequency /= factor;
            } else if wave >= (original / high) as f32 {
                let kept = (original as f32 / wave - low as f32) / (high - low) as f32;
                *frequency = (1.0 - kept) * *frequency / factor + kept * *frequency;
            }
        }
        Ok(self)
    }

    /// `YaRN` (Peng et al. 2023, arXiv 2309.00071, section 3).
    fn yarn(mut self, parameters: &Parameters, theta: f64, original: usize) -> Self {
        let head_dim = 2 * self.inverse_frequencies.len();
        let stretched = self.max_positions as f64 / original as f64;
        let factor = parameters.factor.unwrap_or(stretched);
        let pairs = self.inverse_frequencies.len() as f64;
        // The pair that turns `turns` times over the original length.
        let pair = |turns: f64| pairs * (original as f64 / (turns * TAU)).ln() / theta.ln();
        let (mut low, mut high) =
            (pair(parameters.beta_fast.unwrap_or(32.0)), pair(parameters.beta_slow.unwrap_or(1.0)));
        if parameters.truncate.unwrap_or(true) {
            (low, high) = (low.floor(), high.ceil());
        }
        (low, high) = (low.max(0.0), high.min(2.0 * pairs - 1.0));
        let span = if high > low { high - low } else { 0.001 };
        let pairs = self.inverse_frequencies.iter_mut().zip(frequencies(theta, head_dim));
        for (index, (inverse, frequency)) in pairs.enumerate() {
            let kept = 1.0 - ((index as f32 - low as f32) / span as f32).clamp(0.0, 1.0);
            *inverse = 1.0 / (factor as f32 * frequency) * (1.0 - kept) + *inverse * kept;
        }
        self.attention_factor = parameters.attention_factor.unwrap_or_else(|| {
            let scale = |mscale: f64| 1.0 + 0.1 * mscale * factor.max(1.0).ln();
            match (parameters.mscale, parameters.mscale_all_dim) {
                (Some(m), Some(all)) if m != 0.0 && all != 0.0 => scale(m) / scale(all),
                _ => scale(1.0),
            }
        });
        self.max_positions = self.max_positions.max((original as f64 * factor) as usize);
        self
    }
}

/// `theta^(2i / head_dim)` for each pair `i`, rounded where `transformers` rounds.
fn frequencies(theta: f64, head_dim: usize) -> impl Iterator<Item = f32> {
    let exponents = (0..head_dim).step_by(2).map(move |index| index as f32 / head_dim as f32);
    exponents.map(move |exponent| theta.powf(exponent.into()) as f32)
}

fn required(value: Option<f64>, key: &str) -> Result<f64, LoadError> {
    value.ok_or_else(|| refused(&format!("a rope scaling without \"{key}\"")))
}

fn refused(what: &str) -> LoadError {
    let hint = "rope may be default, linear, llama3 or yarn, each with its parameters";
    LoadError::Unsupported { what: what.into(), hint }
}

//! A plan with everything made that it names.

use std::iter::successors;
use std::sync::Arc;

use backstory_core::{
    Author, Digest, Draft, Flatten, Judge, Mask, Mode, OrderFiles, OutlineFile, PlanRepository,
    SearchFile, SimulateFile, Source, Structure,
};
use backstory_store::Location;

use super::load::StageInfo;
use super::shape::Run;

/// A plan that can run.
pub struct Resolved {
    /// Where repositories come from.
    pub source: Box<dyn Source>,
    /// The kind of the source.
    pub source_kind: &'static str,
    /// What the source does, one line.
    pub source_summary: &'static str,
    /// Outlines files.
    pub outline: Arc<dyn OutlineFile>,
    /// Orders the files of a repository.
    pub order: Arc<dyn OrderFiles>,
    /// The models, in the order of the plan.
    pub authors: Vec<Arc<dyn Author>>,
    /// The scorers, in the order of the plan.
    pub judges: Vec<Arc<dyn Judge>>,
    /// The ways in which repositories are planned and written; each comes after those it builds on.
    pub simulations: Vec<Simulation>,
    /// The ways in which they become sequences, each with rows of its own.
    pub arms: Vec<Arm>,
    /// The place that the tables go to.
    pub sink: Location,
    /// Settings of the engine.
    pub run: Run,
    /// Digest of everything in the plan that determines rows.
    pub hash: Digest,
    /// The plan as text, from which [`super::load_echo`] reads it again.
    pub echo: String,
    /// The operators in the order of the plan, for people.
    pub stages: Vec<StageInfo>,
}

/// How repositories are planned and their files written.
#[derive(Clone)]
pub struct Simulation {
    /// The name of the operator.
    pub name: String,
    /// What it does for a file.
    pub drafter: Drafter,
}

/// How a file gets its draft.
#[derive(Clone)]
pub enum Drafter {
    /// Its repository is planned, and its thoughts are written.
    Simulate(Arc<dyn PlanRepository>, Arc<dyn SimulateFile>),
    /// The thoughts of another simulation, by its index, are searched for better ones.
    Search(usize, Arc<dyn SearchFile>),
}

/// How a repository becomes a sequence.
#[derive(Clone)]
pub struct Arm {
    /// The arm's name, unique in the plan.
    pub name: String,
    /// Index of the simulation whose drafts it shows; none if it shows the files alone.
    pub simulation: Option<usize>,
    /// Makes the trajectory.
    pub flatten: Arc<dyn Flatten>,
    /// Makes the sequence.
    pub mask: Arc<dyn Mask>,
}

impl Resolved {
    /// The simulation at `at` and those it builds on, the first of them first.
    fn simulations_to(&self, at: usize) -> Vec<&Drafter> {
        let below = |&at: &usize| match self.simulations[at].drafter {
            Drafter::Simulate(..) => None,
            Drafter::Search(of, _) => Some(of),
        };
        let mut all: Vec<_> =
            successors(Some(at), below).map(|at| &self.simulations[at].drafter).collect();
        all.reverse();
        all
    }

    /// Index of the simulation that plans what the one at `at` shows.
    pub fn planned_by(&self, at: usize) -> usize {
        match self.simulations[at].drafter {
            Drafter::Simulate(..) => at,
            Drafter::Search(of, _) => self.planned_by(of),
        }
    }

    /// Who writes the thoughts of a simulation, as recorded in rows.
    pub fn author(&self, at: usize) -> String {
        let names = self.simulations_to(at).into_iter().map(|drafter| match drafter {
            Drafter::Simulate(_, simulate) => simulate.author(),
            Drafter::Search(_, search) => search.identity(),
        });
        names.collect::<Vec<_>>().join("; ")
    }

    /// What the author of a thought sees of its file.
    pub fn mode(&self, at: usize) -> Mode {
        match &self.simulations[at].drafter {
            Drafter::Simulate(_, simulate) => simulate.mode(),
            Drafter::Search(of, _) => self.mode(*of),
        }
    }

    /// What gates say of the thoughts of a draft that they let pass.
    pub fn marks(&self, at: usize, structure: &Structure, draft: &Draft) -> Vec<String> {
        let Draft { file, qualities, gains, .. } = draft;
        let marks = self.simulations_to(at).into_iter().map(|drafter| match drafter {
            Drafter::Simulate(_, simulate) => simulate.marks(structure, *file, qualities),
            Drafter::Search(_, search) => search.marks(structure, *file, qualities, gains),
        });
        marks.flatten().collect()
    }
}

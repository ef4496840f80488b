//! Whether the tables of a plan fit together: who reads whom, and whether it can.

use std::collections::BTreeSet;

use backstory_core::{Flow, closest};

use super::diagnostic::{Place, Problem};
use super::kind::{OperatorKind, Registry};
use super::schema::{Reference, Sort, listed};
use super::typed::{Operator, Section, Sink, Typed};

/// The name under which operators read the source.
pub(super) const SOURCE: &str = "source";

/// What an operator reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The repositories themselves.
    Source,
    /// An operator further up, by its place in the plan.
    Operator(usize),
}

/// Who reads whom. None where it could not be told, which was reported.
pub(super) struct Wiring {
    pub inputs: Vec<Option<Input>>,
    pub sink: Vec<Option<usize>>,
}

/// Connects the tables, reporting what does not fit.
pub(super) fn connect(
    typed: &Typed,
    registry: &'static Registry,
    problems: &mut Vec<Problem>,
) -> Wiring {
    // Without operators every name is unknown, and that there are none was reported.
    if typed.operators.is_empty() {
        return Wiring { inputs: vec![], sink: vec![] };
    }
    let before = problems.len();
    let mut wirer = Wirer { operators: &typed.operators, registry, problems };
    wirer.names();
    let inputs: Vec<_> = (0..typed.operators.len()).map(|at| wirer.input(at)).collect();
    wirer.cycles();
    for (at, input) in inputs.iter().enumerate() {
        wirer.takes(at, *input);
    }
    wirer.doubles(&inputs);
    wirer.single(Flow::Outlines);
    wirer.single(Flow::Structure);
    wirer.named(Sort::Model, &typed.models);
    wirer.named(Sort::Scorer, &typed.scorers);
    let sink = typed.sink.as_ref().map(|sink| wirer.sink(sink)).unwrap_or_default();
    let wiring = Wiring { inputs, sink };
    // What is connected wrongly may be what should have read it.
    let wrong = wirer.problems[before..].iter().any(Problem::is_error);
    if typed.sink.is_some() && !wrong {
        wirer.unread(&wiring);
    }
    wiring
}

struct Wirer<'a> {
    operators: &'a [Operator],
    registry: &'static Registry,
    problems: &'a mut Vec<Problem>,
}

impl Wirer<'_> {
    fn name(&self, at: usize) -> &str {
        &self.operators[at].section.name
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.operators.iter().position(|operator| operator.section.name == name)
    }

    fn gives(&self, input: Input) -> Option<Flow> {
        match input {
            Input::Source => Some(Flow::Files),
            Input::Operator(at) => Some(self.operators[at].section.kind?.gives),
        }
    }

    /// Where an operator says what it reads, or what it is if it leaves that out.
    fn input_place(&self, at: usize) -> &Place {
        let operator = &self.operators[at];
        operator.input.as_ref().map_or(&operator.section.kind_place, |input| &input.place)
    }

    fn name_place(&self, at: usize) -> &Place {
        let section = &self.operators[at].section;
        let name = section.keys.iter().find(|(key, _)| key == "name");
        name.map_or(&section.kind_place, |(_, place)| place)
    }

    fn names(&mut self) {
        for at in 0..self.operators.len() {
            let name = self.name(at);
            let problem = match self.find(name) {
                // A table without a kind has no name; that was reported.
                _ if name.is_empty() => continue,
                _ if name == SOURCE => Problem::error("no operator can be named \"source\"")
                    .at(self.name_place(at), "stands for the source itself")
                    .hint("give it another name"),
                Some(first) if first < at => {
                    Problem::error(format!("two operators are named \"{name}\""))
                        .at(self.name_place(at), "the second")
                        .and_at(self.name_place(first), "the first")
                        .hint("tell them apart: name = \"...\" in one of them")
                }
                _ => continue,
            };
            self.problems.push(problem);
        }
    }

    fn input(&mut self, at: usize) -> Option<Input> {
        let Some(input) = &self.operators[at].input else {
            return Some(at.checked_sub(1).map_or(Input::Source, Input::Operator));
        };
        if input.name == SOURCE {
            return Some(Input::Source);
        }
        match self.find(&input.name) {
            Some(found) if found < at => Some(Input::Operator(found)),
            // Only a plan without a cycle can be put right by moving a table.
            Some(found) if found > at && !self.circle(at).contains(&at) => {
                let problem =
                    Problem::error(format!("\"{}\" reads an operator below it", self.name(at)));
                let problem = problem.at(&input.place, "comes later");
                self.problems.push(problem.hint(format!("move \"{}\" above it", self.name(found))));
                None
            }
            Some(_) => None,
            None => {
                let problem = self.unknown(input, "input");
                self.problems.push(problem);
                None
            }
        }
    }

    fn unknown(&self, reference: &Reference, what: &str) -> Problem {
        let names = self.operators.iter().map(|operator| operator.section.name.as_str());
        let hint = match closest(&reference.name, names.clone().chain([SOURCE])) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("operators of this plan: {}", names.collect::<Vec<_>>().join(", ")),
        };
        Problem::error(format!("no operator is named \"{}\"", reference.name))
            .at(&reference.place, format!("unknown {what}"))
            .hint(hint)
    }

    /// The operators met on the way up from `start`, up to the first that is met again.
    fn circle(&self, start: usize) -> Vec<usize> {
        let mut path = vec![];
        let mut at = start;
        loop {
            at = match &self.operators[at].input {
                Some(input) => match self.find(&input.name) {
                    Some(found) => found,
                    None => return path,
                },
                None if at == 0 => return path,
                None => at - 1,
            };
            if path.contains(&at) {
                return path;
            }
            path.push(at);
        }
    }

    /// Each circle once, at its first operator in the plan.
    fn cycles(&mut self) {
        for at in 0..self.operators.len() {
            let circle = self.circle(at);
            let first = circle.contains(&at) && circle.iter().all(|other| *other >= at);
            if !first {
                continue;
            }
            let names: Vec<_> = circle.iter().map(|at| format!("\"{}\"", self.name(*at))).collect();
            let message = match names.as_slice() {
                [only] => format!("{only} reads itself"),
                names => {
                    format!("{} reads {}", names[names.len() - 1], names.join(", which reads "))
                }
            };
            let problem = Problem::error(message).at(self.input_place(at), "goes in a circle");
            self.problems.push(problem.hint("name an input above it"));
        }
    }

    fn takes(&mut self, at: usize, input: Option<Input>) {
        let (Some(kind), Some(input)) = (self.operators[at].section.kind, input) else { return };
        let Some(given) = self.gives(input) else { return };
        if kind.takes.contains(&given) {
            return;
        }
        let name = self.name(at);
        let from = match input {
            Input::Source => "the source".to_owned(),
            Input::Operator(at) => format!("\"{}\"", self.name(at)),
        };
        let wanted: Vec<_> = kind.takes.iter().map(|flow| flow.name()).collect();
        let label = format!("takes {}, {from} gives {}", wanted.join(" or "), given.name());
        let problem = Problem::error(format!("\"{name}\" cannot read {from}"));
        let problem = problem.at(self.input_place(at), label);
        let hint = self.supplier(at, kind, given);
        self.problems.push(problem.hint_if(hint));
    }

    /// What to do so that an operator gets what it takes.
    fn supplier(&self, at: usize, kind: &OperatorKind, given: Flow) -> Option<String> {
        let fits =
            |input: &Input| self.gives(*input).is_some_and(|flow| kind.takes.contains(&flow));
        let above = (0..at).rev().map(Input::Operator).chain([Input::Source]).find(fits);
        if let Some(input) = above {
            let name = match input {
                Input::Source => SOURCE,
                Input::Operator(at) => self.name(at),
            };
            return Some(format!("read another one: input = \"{name}\""));
        }
        let missing =
            self.bridge(given, kind.takes).or_else(|| self.bridge(Flow::Files, kind.takes))?;
        Some(format!("put {} before it", missing.join(", then ")))
    }

    /// The shortest list of kinds that makes one of `wanted` out of `given`.
    fn bridge(&self, given: Flow, wanted: &[Flow]) -> Option<Vec<String>> {
        let mut paths = vec![(given, vec![])];
        let mut seen = BTreeSet::from([given]);
        while !paths.is_empty() {
            let mut longer = vec![];
            for (flow, path) in paths {
                if wanted.contains(&flow) {
                    return Some(path);
                }
                for kind in self.registry.operators {
                    if kind.takes.contains(&flow) && seen.insert(kind.gives) {
                        let step = format!("\"{}\"", kind.config.name);
                        longer.push((kind.gives, [path.clone(), vec![step]].concat()));
                    }
                }
            }
            paths = longer;
        }
        None
    }

    /// The structural part of the engine has one operator of each shape, read by everything behind it.
    fn single(&mut self, flow: Flow) {
        let gives = |at: &usize| self.operators[*at].section.kind.is_some_and(|k| k.gives == flow);
        let same: Vec<_> = (0..self.operators.len()).filter(gives).collect();
        let Some((first, others)) = same.split_first() else { return };
        for at in others {
            let problem = Problem::error(format!("a second operator gives {}", flow.name()))
                .at(&self.operators[*at].section.kind_place, "the second")
                .and_at(&self.operators[*first].section.kind_place, "the first")
                .hint(format!("remove it and read \"{}\"", self.name(*first)));
            self.problems.push(problem);
        }
    }

    /// Two sequences of one trajectory would be two rows of one name.
    fn doubles(&mut self, inputs: &[Option<Input>]) {
        let sequence = |at: &usize| {
            self.operators[*at].section.kind.is_some_and(|kind| kind.gives == Flow::Sequence)
        };
        let readers: Vec<_> = (0..inputs.len()).filter(sequence).collect();
        for (nth, at) in readers.iter().enumerate() {
            let Some(Input::Operator(read)) = inputs[*at] else { continue };
            let Some(first) = readers[..nth].iter().find(|first| inputs[**first] == inputs[*at])
            else {
                continue;
            };
            let kind = self.operators[read].section.kind.map_or("", |kind| kind.config.name);
            let problem =
                Problem::error(format!("\"{}\" is made into sequences twice", self.name(read)))
                    .at(self.input_place(*at), "the second")
                    .and_at(self.input_place(*first), "the first")
                    .hint(format!("remove one, or let it read a {kind} operator of its own"));
            self.problems.push(problem);
        }
    }

    /// Who is named is there, and who is there is named.
    fn named<K>(&mut self, sort: Sort, sections: &[Section<K>]) {
        let names: Vec<_> = sections.iter().map(|section| section.name.as_str()).collect();
        let used = self.operators.iter().flat_map(|operator| &operator.section.names);
        let used: Vec<_> = used.filter(|(of, _)| *of == sort).map(|(_, name)| name).collect();
        let word = sort.word();
        for reference in &used {
            if names.contains(&reference.name.as_str()) {
                continue;
            }
            let hint = match closest(&reference.name, names.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None if names.is_empty() => {
                    format!("add it: [{}.{}]", sort.table(), reference.name)
                }
                None => format!("{} of this plan: {}", sort.table(), names.join(", ")),
            };
            let problem = Problem::error(format!("no {word} is named \"{}\"", reference.name));
            self.problems.push(problem.at(&reference.place, format!("unknown {word}")).hint(hint));
        }
        // A name that is written wrongly may be meant for any of them.
        if used.iter().any(|reference| !names.contains(&reference.name.as_str())) {
            return;
        }
        for section in sections {
            if !used.iter().any(|reference| reference.name == section.name) {
                let problem = Problem::warning(format!("nothing uses {word} \"{}\"", section.name));
                let problem = problem.at(&section.place, "unused");
                self.problems.push(problem.hint("remove it, or name it in an operator"));
            }
        }
    }

    fn sink(&mut self, sink: &Sink) -> Vec<Option<usize>> {
        let Some(inputs) = &sink.inputs else {
            let last = self.operators.len().checked_sub(1);
            return last.map(|last| self.written(last, &sink.place)).into_iter().collect();
        };
        let mut written = vec![];
        for input in inputs {
            let Some(input) = input else {
                written.push(None);
                continue;
            };
            let found = self.find(&input.name);
            written.push(found.and_then(|at| self.written(at, &input.place)));
            if found.is_none() {
                let problem = self.unknown(input, "input");
                self.problems.push(problem);
            }
        }
        written
    }

    fn written(&mut self, at: usize, place: &Place) -> Option<usize> {
        let gives = self.operators[at].section.kind?.gives;
        if gives == Flow::Sequence {
            return Some(at);
        }
        let sequences = |kind: &&OperatorKind| kind.gives == Flow::Sequence;
        let kinds = self.registry.operators.iter().filter(sequences);
        let kinds: Vec<_> = kinds.map(|kind| kind.config.name).collect();
        let problem = Problem::error(format!("the sink cannot write \"{}\"", self.name(at)))
            .at(place, format!("takes sequence, \"{}\" gives {}", self.name(at), gives.name()))
            .hint(format!("let it read an operator of kind {}", listed(&kinds)));
        self.problems.push(problem);
        None
    }

    /// An operator that nobody reads is a mistake: most often an arm that the sink forgot.
    fn unread(&mut self, wiring: &Wiring) {
        let inputs: Option<Vec<_>> = wiring.inputs.iter().copied().collect();
        let sink: Option<Vec<_>> = wiring.sink.iter().copied().collect();
        let (Some(inputs), Some(mut sink)) = (inputs, sink) else { return };
        sink.dedup();
        for at in 0..self.operators.len() {
            if sink.contains(&at) || inputs.contains(&Input::Operator(at)) {
                continue;
            }
            let Some(kind) = self.operators[at].section.kind else { continue };
            let name = self.name(at);
            let hint = if kind.gives == Flow::Sequence {
                let names = sink.iter().chain([&at]).map(|at| format!("\"{}\"", self.name(*at)));
                let names: Vec<_> = names.collect();
                format!("add it to the sink: inputs = [{}]", names.join(", "))
            } else {
                format!("read it with input = \"{name}\", or remove it")
            };
            let problem = Problem::error(format!("nothing reads \"{name}\""));
            self.problems.push(problem.at(self.name_place(at), "has no reader").hint(hint));
        }
    }
}

//! The first phase: the tables of a plan, each checked by itself.
//!
//! A table that is wrong stays here with what is known of it, so that the wiring of the others can be
//! checked in the same go.

use backstory_core::closest;
use serde_json::Value as Json;

use super::diagnostic::{Place, Problem};
use super::document::{Entry, Node, Table, Value};
use super::kind::{AuthorKind, Kind, OperatorKind, Registry, ScorerKind, SourceKind};
use super::schema::{self, Reference, Sort, did_you_mean};
use super::shape::{
    Run, SinkConfig, TestConfig, base_schema, operator_schema, run_schema, sink_schema,
    table_schema, test_schema,
};

/// The tables that a plan can have.
const TABLES: [&str; 8] =
    ["base", "source", "models", "scorers", "operator", "sink", "run", "test"];

/// A plan as it was typed.
pub(super) struct Typed {
    pub base: Option<(String, Place)>,
    pub source: Option<Section<SourceKind>>,
    pub models: Vec<Section<AuthorKind>>,
    pub scorers: Vec<Section<ScorerKind>>,
    pub operators: Vec<Operator>,
    pub sink: Option<Sink>,
    pub run: Run,
    pub test: Option<TestConfig>,
}

/// A table with a kind.
pub(super) struct Section<K: 'static> {
    /// The name in the plan, or the word for it.
    pub name: String,
    /// The header.
    pub place: Place,
    /// The value of `kind`.
    pub kind_place: Place,
    /// None if there is no such kind.
    pub kind: Option<&'static K>,
    /// The keys of the kind with defaults filled in; none if something is wrong with them.
    pub config: Option<Json>,
    /// Where the values of the keys were typed.
    pub keys: Vec<(String, Place)>,
    /// The models and scorers it names.
    pub names: Vec<(Sort, Reference)>,
}

/// An `[[operator]]`.
pub(super) struct Operator {
    pub section: Section<OperatorKind>,
    pub input: Option<Reference>,
}

/// The `[sink]`.
pub(super) struct Sink {
    pub place: Place,
    pub uri: Option<(String, Place)>,
    /// None if left out. Entries that are not names are none.
    pub inputs: Option<Vec<Option<Reference>>>,
}

/// Reads all tables.
pub(super) fn read(
    root: &Table,
    registry: &'static Registry,
    problems: &mut Vec<Problem>,
) -> Typed {
    let mut reader = Reader { registry, problems };
    reader.unknown_tables(root);
    reader.missing_tables(root);
    Typed {
        base: root.get("base").and_then(|node| reader.base(node)),
        source: root.get("source").and_then(|node| reader.source(node)),
        models: reader.named(root, Sort::Model, registry.authors),
        scorers: reader.named(root, Sort::Scorer, registry.scorers),
        operators: root.get("operator").map(|node| reader.operators(node)).unwrap_or_default(),
        sink: root.get("sink").and_then(|node| reader.sink(node)),
        run: root.get("run").and_then(|node| reader.run(node)).unwrap_or_default(),
        test: root.get("test").and_then(|node| reader.test(node)),
    }
}

struct Reader<'a> {
    registry: &'static Registry,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn unknown_tables(&mut self, root: &Table) {
        for Entry { key, place, .. } in &root.entries {
            if TABLES.contains(&key.as_str()) {
                continue;
            }
            let problem = Problem::error(format!("unknown key \"{key}\""));
            let hint = match closest(key, TABLES) {
                Some("operator") => "did you mean [[operator]]?".to_owned(),
                Some(near) => format!("did you mean [{near}]?"),
                None => "a plan has [source], [models], [scorers], [[operator]], [sink] and [run]"
                    .into(),
            };
            self.problems.push(problem.at(place, "not a part of a plan").hint(hint));
        }
    }

    fn missing_tables(&mut self, root: &Table) {
        let sources = self.registry.sources.first().map_or("...", |kind| kind.config.name);
        let operators = self.registry.operators.first().map_or("...", |kind| kind.config.name);
        let needed = [
            ("source", format!("say where repositories come from: [source] kind = \"{sources}\"")),
            ("operator", format!("add the steps: [[operator]] kind = \"{operators}\", ...")),
            ("sink", "say where the tables go: [sink] uri = \"...\"".to_owned()),
        ];
        for (table, hint) in needed {
            if root.get(table).is_none() {
                let header =
                    if table == "operator" { "[[operator]]" } else { &format!("[{table}]") };
                self.problems.push(Problem::error(format!("the plan has no {header}")).hint(hint));
            }
        }
    }

    fn base(&mut self, node: &Node) -> Option<(String, Place)> {
        let checked = schema::check(node, &base_schema(), "base", self.problems);
        Some((checked.value?.as_str()?.to_owned(), node.place.clone()))
    }

    fn source(&mut self, node: &Node) -> Option<Section<SourceKind>> {
        let table = self.table(node, "source", "[source]")?;
        Some(self.section(node, table, "source", self.registry.sources, table_schema))
    }

    /// The tables of a sort that have names.
    fn named<K: Kind>(&mut self, root: &Table, sort: Sort, kinds: &'static [K]) -> Vec<Section<K>> {
        let header = format!("[{}.NAME]", sort.table());
        let Some(node) = root.get(sort.table()) else { return vec![] };
        let Some(all) = self.table(node, sort.table(), &header) else { return vec![] };
        let mut sections = vec![];
        for Entry { key, node, .. } in &all.entries {
            let path = format!("{}.{key}", sort.table());
            let header = if node.as_table().is_none() { &*header } else { "" };
            let Some(table) = self.table(node, &path, header) else { continue };
            let section = self.section(node, table, sort.word(), kinds, table_schema);
            sections.push(Section { name: key.clone(), ..section });
        }
        sections
    }

    fn operators(&mut self, node: &Node) -> Vec<Operator> {
        let Value::List(nodes) = &node.value else {
            self.wrong_table(node, "operator", "a list of tables", "[[operator]]");
            return vec![];
        };
        if nodes.is_empty() {
            let problem = Problem::error("the plan has no [[operator]]");
            self.problems.push(problem.at(&node.place, "an empty list"));
        }
        nodes.iter().filter_map(|node| self.operator(node)).collect()
    }

    fn operator(&mut self, node: &Node) -> Option<Operator> {
        let table = self.table(node, "operator", "[[operator]]")?;
        let section =
            self.section(node, table, "operator", self.registry.operators, operator_schema);
        let name = table.get("name").and_then(Node::as_str).map(ToOwned::to_owned);
        let section = Section { name: name.unwrap_or(section.name), ..section };
        Some(Operator { section, input: table.get("input").and_then(reference) })
    }

    fn sink(&mut self, node: &Node) -> Option<Sink> {
        let table = self.table(node, "sink", "[sink]")?;
        let checked = schema::check(node, &sink_schema(), "the sink", self.problems);
        let config: Option<SinkConfig> = checked.value.and_then(|v| serde_json::from_value(v).ok());
        let uri = config
            .as_ref()
            .and_then(|config| Some((config.uri.clone(), table.get("uri")?.place.clone())));
        let inputs = table.get("inputs").map(|inputs| match &inputs.value {
            Value::List(nodes) => nodes.iter().map(reference).collect(),
            _ => vec![None],
        });
        Some(Sink { place: node.place.clone(), uri, inputs })
    }

    fn run(&mut self, node: &Node) -> Option<Run> {
        self.table(node, "run", "[run]")?;
        let checked = schema::check(node, &run_schema(), "[run]", self.problems);
        serde_json::from_value(checked.value?).ok()
    }

    fn test(&mut self, node: &Node) -> Option<TestConfig> {
        self.table(node, "test", "[test]")?;
        let checked = schema::check(node, &test_schema(), "[test]", self.problems);
        serde_json::from_value(checked.value?).ok()
    }

    fn table<'n>(&mut self, node: &'n Node, key: &str, header: &str) -> Option<&'n Table> {
        match &node.value {
            Value::Table(table) => Some(table),
            Value::Broken => None,
            _ => {
                self.wrong_table(node, key, "a table", header);
                None
            }
        }
    }

    fn wrong_table(&mut self, node: &Node, key: &str, expected: &str, header: &str) {
        let message = format!("\"{key}\" must be {expected}, not {}", node.type_name());
        let problem = Problem::error(message).at(&node.place, format!("expected {expected}"));
        self.problems.push(problem.hint(format!("write {header} on a line of its own")));
    }

    /// Reads a table with a kind. Its name is that of its kind; empty if it has none.
    fn section<K: Kind>(
        &mut self,
        node: &Node,
        table: &Table,
        sort: &str,
        kinds: &'static [K],
        schema_of: fn(&K) -> Json,
    ) -> Section<K> {
        let kind_node = table.get("kind");
        let kind_place = kind_node.unwrap_or(node).place.clone();
        let name = kind_node.and_then(Node::as_str);
        let kind = match name {
            Some(name) => self.kind(name, &kind_place, sort, kinds),
            None => self.no_kind(node, kind_node, sort, kinds),
        };
        let name = name.unwrap_or_default();
        let mut section = Section {
            name: name.to_owned(),
            place: node.place.clone(),
            kind_place,
            kind,
            config: None,
            keys: table.entries.iter().map(|e| (e.key.clone(), e.node.place.clone())).collect(),
            names: vec![],
        };
        if let Some(kind) = kind {
            let owner = format!("the {name} {sort}");
            let checked = schema::check(node, &schema_of(kind), &owner, self.problems);
            section.names = checked.names;
            section.config = checked.value.and_then(|value| self.fill(kind, value, node));
        }
        section
    }

    fn kind<K: Kind>(
        &mut self,
        name: &str,
        place: &Place,
        sort: &str,
        kinds: &'static [K],
    ) -> Option<&'static K> {
        let found = kinds.iter().find(|kind| kind.config().name == name);
        if found.is_none() {
            let names: Vec<_> = kinds.iter().map(|kind| kind.config().name).collect();
            let problem = Problem::error(format!("no {sort} is of kind \"{name}\""));
            let problem = problem.at(place, "unknown kind");
            self.problems.push(problem.hint(did_you_mean(name, &names, "it can be")));
        }
        found
    }

    fn no_kind<K: Kind>(
        &mut self,
        node: &Node,
        kind: Option<&Node>,
        sort: &str,
        kinds: &'static [K],
    ) -> Option<&'static K> {
        let names: Vec<_> = kinds.iter().map(|kind| kind.config().name).collect();
        let problem = match kind {
            Some(Node { value: Value::Broken, .. }) => return None,
            Some(kind) => {
                let message = format!("\"kind\" must be a string, not {}", kind.type_name());
                Problem::error(message).at(&kind.place, "expected a string")
            }
            None => Problem::error("missing key \"kind\"")
                .at(&node.place, format!("which kind of {sort}?")),
        };
        self.problems.push(problem.hint(format!("it can be {}", schema::listed(&names))));
        None
    }

    /// The keys of the kind itself, defaults filled in.
    fn fill<K: Kind>(&mut self, kind: &K, value: Json, node: &Node) -> Option<Json> {
        let Json::Object(mut keys) = value else { return None };
        let own = (kind.config().schema)();
        keys.retain(|key, _| own["properties"].get(key).is_some());
        match (kind.config().fill)(keys.into()) {
            Ok(config) => Some(config),
            Err(error) => {
                self.problems.push(Problem::error(error).at(&node.place, "in this table"));
                None
            }
        }
    }
}

fn reference(node: &Node) -> Option<Reference> {
    Some(Reference { name: node.as_str()?.to_owned(), place: node.place.clone() })
}

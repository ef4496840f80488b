//! What single nodes define: their names, kinds and visibility.

use backstory_core::DefinitionKind;
use tree_sitter::Node;

use super::{DEEPEST_NAME, Kind, MOST_NAMES, Outer, Reader, Scope};
use crate::sketch::Parts;
use crate::syntax::{children_in, range};

/// The name in a declarator, and what is around it.
struct Name<'t> {
    node: Node<'t>,
    function: bool,
    pointer: bool,
    /// Whether a scope is named before it: `A::f`.
    qualified: bool,
}

impl Reader<'_> {
    /// Everything that `node` gives a name to. A scope if there are definitions in it.
    pub(super) fn definition<'t>(
        &mut self,
        node: Node<'t>,
        kind: Kind,
        scope: Scope<'t>,
    ) -> Option<Scope<'t>> {
        let inside = Scope { outer: None, guard: None, known: false, ..scope };
        match kind {
            Kind::Declaration | Kind::Field | Kind::TypeDefinition | Kind::Function => {
                return self.declaration(node, kind, scope);
            }
            Kind::Struct | Kind::Union | Kind::Class | Kind::Enum => {
                if scope.known {
                    return Some(inside);
                }
                let body = self.field(node, |f| f.body)?;
                let owner = self.type_(node, body, scope);
                return Some(Scope { owner, ..inside });
            }
            Kind::Namespace => {
                let name = self.field(node, |f| f.name)?;
                let owner = self.define(
                    DefinitionKind::Module,
                    name,
                    self.field(node, |f| f.body),
                    scope,
                    true,
                );
                return Some(Scope { owner, ..inside });
            }
            _ => {}
        }
        let (definition, body) = match kind {
            Kind::Enumerator => (DefinitionKind::Constant, None),
            Kind::Define => (DefinitionKind::Constant, self.field(node, |f| f.value)),
            Kind::DefineFunction => (DefinitionKind::Macro, self.field(node, |f| f.value)),
            Kind::Alias | Kind::NamespaceAlias => (DefinitionKind::Alias, None),
            Kind::Concept => (DefinitionKind::Interface, None),
            _ => return None,
        };
        let name = self.field(node, |f| f.name)?;
        let guard =
            scope.guard.is_some_and(|guard| self.sketch.text(guard) == self.sketch.text(name));
        if kind == Kind::Define && body.is_none() && guard {
            return None;
        }
        let scope = if definition == DefinitionKind::Macro || kind == Kind::Define {
            // A macro belongs to the file, wherever it stands.
            Scope { owner: None, hidden: false, ..scope }
        } else {
            scope
        };
        let public = self.is_public(scope, !self.header);
        self.last = self.define(definition, name, body, scope, public);
        None
    }

    /// A declaration of names, and of the type in it if it has a body.
    fn declaration<'t>(
        &mut self,
        node: Node<'t>,
        kind: Kind,
        scope: Scope<'t>,
    ) -> Option<Scope<'t>> {
        let mut names: Vec<_> = children_in(node, self.grammar.fields.declarator)
            .into_iter()
            .filter_map(|declarator| Some((declarator, self.name(declarator)?)))
            .collect();
        let type_ = self.field(node, |f| f.type_);
        let body = type_.and_then(|type_| Some((type_, self.body_of_type(type_)?)));
        let mut inner = None;
        if let Some((type_, body)) = body {
            let owner = if self.field(type_, |f| f.name).is_some() {
                self.type_(type_, body, scope)
            } else if kind == Kind::TypeDefinition
                && names.first().is_some_and(|(_, name)| !name.pointer)
            {
                let (_, name) = names.remove(0);
                let public = self.is_public(scope, !self.header);
                let owner = self.define(DefinitionKind::Type, name.node, Some(body), scope, public);
                self.note_access(owner, type_);
                owner
            } else {
                scope.owner
            };
            let type_name = self.field(type_, |f| f.name).map(|name| self.sketch.text(name));
            names.retain(|(_, name)| {
                kind != Kind::TypeDefinition || Some(self.sketch.text(name.node)) != type_name
            });
            inner = Some(Scope { owner, outer: None, guard: None, known: true, ..scope });
        }
        self.names(node, kind, &names, scope);
        inner
    }

    fn names(
        &mut self,
        node: Node<'_>,
        kind: Kind,
        names: &[(Node<'_>, Name<'_>)],
        scope: Scope<'_>,
    ) {
        let (is_static, is_const) = self.qualifiers(node);
        let behind_body =
            self.field(node, |f| f.type_).is_some_and(|type_| self.body_of_type(type_).is_some());
        for (declarator, name) in names {
            let of_type =
                scope.owner.is_some_and(|owner| self.sketch.kind(owner) == DefinitionKind::Type);
            let definition = match kind {
                Kind::TypeDefinition => DefinitionKind::Alias,
                _ if name.function && (of_type || name.qualified) => DefinitionKind::Method,
                _ if name.function => DefinitionKind::Function,
                _ if is_const && !name.pointer => DefinitionKind::Constant,
                _ => DefinitionKind::Variable,
            };
            let local = is_static || kind == Kind::TypeDefinition;
            let public = self.is_public(scope, local && !self.header);
            let body = match kind {
                Kind::Function => self.body_of_function(node),
                _ => self.field(*declarator, |f| f.value),
            };
            let mut scope = scope;
            let crowded = names.len() > MOST_NAMES;
            if crowded || behind_body {
                let whole = range(if crowded { name.node } else { *declarator });
                scope.outer = Some(Outer { start: whole.start, end: whole.end, doc: None });
            }
            let made = self.define(definition, name.node, body.filter(|_| !crowded), scope, public);
            self.last = made.filter(|_| kind != Kind::Function);
        }
    }

    /// A type with members.
    fn type_(&mut self, node: Node<'_>, body: Node<'_>, scope: Scope<'_>) -> Option<u32> {
        let Some(name) = self.field(node, |f| f.name) else { return scope.owner };
        let name = self.simple_name(name);
        let public = self.is_public(scope, !self.header);
        let owner = self.define(DefinitionKind::Type, name, Some(body), scope, public);
        self.note_access(owner, node);
        owner
    }

    fn note_access(&mut self, owner: Option<u32>, type_: Node<'_>) {
        if let Some(owner) = owner {
            self.access.insert(owner, self.grammar.kind(type_) != Kind::Class);
        }
    }

    fn body_of_function<'t>(&self, node: Node<'t>) -> Option<Node<'t>> {
        let mut cursor = node.walk();
        let initializers =
            node.children(&mut cursor).find(|c| self.grammar.kind(*c) == Kind::Initializers);
        initializers.or_else(|| self.field(node, |f| f.body))
    }

    fn body_of_type<'t>(&self, type_: Node<'t>) -> Option<Node<'t>> {
        let kinds = [Kind::Struct, Kind::Union, Kind::Class, Kind::Enum];
        kinds.contains(&self.grammar.kind(type_)).then(|| self.field(type_, |f| f.body))?
    }

    fn define(
        &mut self,
        kind: DefinitionKind,
        name: Node<'_>,
        body: Option<Node<'_>>,
        scope: Scope<'_>,
        public: bool,
    ) -> Option<u32> {
        let outer = scope.outer?;
        let doc = outer.doc.map(|(start, end)| start..end);
        let (start, whole) = (outer.start, outer.start..outer.end);
        let parts = Parts { kind, name, whole, start, body, doc, parent: scope.owner, public };
        self.sketch.define(parts, &[";", "=", ",", ":", "\\"])
    }

    /// Whether other files may use what stands in `scope`, which is for this file alone if `local`.
    fn is_public(&self, scope: Scope<'_>, local: bool) -> bool {
        match scope.owner {
            Some(owner) if self.sketch.kind(owner) == DefinitionKind::Type => {
                self.sketch.is_public(owner) && self.access.get(&owner).copied().unwrap_or(true)
            }
            _ => !local && !scope.hidden,
        }
    }

    /// Whether a declaration says `static`, and whether it says `const` or `constexpr`.
    fn qualifiers(&self, node: Node<'_>) -> (bool, bool) {
        let mut cursor = node.walk();
        let (mut is_static, mut is_const) = (false, false);
        for child in node.children(&mut cursor).take(MOST_NAMES) {
            match self.grammar.kind(child) {
                Kind::Storage => is_static |= self.sketch.text(child) == "static",
                Kind::TypeQualifier => {
                    is_const |=
                        matches!(self.sketch.text(child), "const" | "constexpr" | "constinit");
                }
                _ => {}
            }
        }
        (is_static, is_const)
    }

    /// The name that a declarator gives.
    fn name<'t>(&self, declarator: Node<'t>) -> Option<Name<'t>> {
        let mut name = Name { node: declarator, function: false, pointer: false, qualified: false };
        let mut bracketed = false;
        for _ in 0..DEEPEST_NAME {
            let node = name.node;
            let kind = self.grammar.kind(node);
            let last = || node.named_child(node.named_child_count().saturating_sub(1) as u32);
            name.node = match kind {
                Kind::Parenthesized => {
                    bracketed = true;
                    last()?
                }
                Kind::Reference => last()?,
                Kind::Attributed => node.named_child(0)?,
                Kind::Qualified | Kind::TemplateFunction | Kind::TemplateType => {
                    name.qualified |= kind == Kind::Qualified;
                    self.field(node, |f| f.name)?
                }
                _ => match self.field(node, |f| f.declarator) {
                    Some(_) if node.kind() == "operator_cast" => {
                        return Some(Name { function: true, ..name });
                    }
                    Some(inner) => inner,
                    _ => return is_name(node).then_some(name),
                },
            };
            // `int (*f)(int)` is a variable, `int (f)(int)` a function.
            name.pointer |= kind == Kind::Pointer;
            name.function |= kind == Kind::FunctionDeclarator;
            name.function &= !(bracketed && matches!(kind, Kind::Pointer | Kind::Reference));
        }
        None
    }

    /// `A` of `A<int>` and of `b::A`.
    fn simple_name<'t>(&self, mut node: Node<'t>) -> Node<'t> {
        for _ in 0..DEEPEST_NAME {
            match (self.grammar.kind(node), self.field(node, |f| f.name)) {
                (Kind::Qualified | Kind::TemplateType | Kind::TemplateFunction, Some(name)) => {
                    node = name;
                }
                _ => break,
            }
        }
        node
    }
}

fn is_name(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "identifier"
            | "field_identifier"
            | "type_identifier"
            | "operator_name"
            | "operator_cast"
            | "destructor_name"
    )
}

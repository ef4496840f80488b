//! Says where the imports of a Rust package lead, as rust-analyzer resolves them.
//!
//! ```text
//! cargo run --release -- FOLDER > TRUTH.json
//! ```
//!
//! FOLDER holds a `Cargo.toml`; what it depends on must be there already (`cargo fetch`). The package is
//! looked at twice: with all features and `cfg(test)`, as an editor would, and without both; what is only
//! seen the second time is neutral. Macros are expanded; imports that a macro takes from its own definition
//! are neutral. Build scripts are not run.
//!
//! True, per leaf of a `use`: the file of the module, enum or trait that stands before the last name, or
//! before the `*`; the file of the module that is named, where it is a child of the one before it.
//! Neutral: where the last name is defined, if that is somewhere else, and what a module or enum is
//! reached through. `mod x;`, `extern crate` and `include!` of a literal are true.

#![expect(clippy::print_stdout, reason = "the truth is what it prints")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ra_ap_cfg::CfgExpr;
use ra_ap_hir::{
    Adt, Crate, HasSource, Module, ModuleDef, PathResolution, PathResolutionPerNs, Semantics,
    attach_db,
};
use ra_ap_ide_db::{FxHashMap, RootDatabase};
use ra_ap_load_cargo::{LoadCargoConfig, ProcMacroServerChoice, load_workspace_at};
use ra_ap_project_model::{CargoConfig, CargoFeatures};
use ra_ap_syntax::ast::AstToken;
use ra_ap_syntax::ast::{self, AstNode, HasAttrs, HasName};
use ra_ap_syntax::{SyntaxNode, match_ast};
use ra_ap_vfs::{FileId, Vfs};

type Edges = BTreeSet<(String, String)>;

#[derive(Default)]
struct Truth {
    edges: Edges,
    neutral: Edges,
    files: BTreeSet<String>,
}

fn main() {
    let root = std::env::args_os().nth(1).expect("name a folder");
    let root = Path::new(&root).canonicalize().expect("a folder");
    let mut truth = look(&root, true);
    let plain = look(&root, false);
    truth.neutral.extend(plain.edges.difference(&truth.edges).cloned());
    truth.neutral.extend(plain.neutral);
    truth.neutral.retain(|edge| !truth.edges.contains(edge));
    truth.files.extend(plain.files);
    let json = serde_json::json!({
        "files": truth.files,
        "edges": truth.edges,
        "neutral": truth.neutral,
    });
    println!("{}", serde_json::to_string_pretty(&json).expect("plain data"));
}

/// What is true of the package at `root`; all of it, or what is there by default.
fn look(root: &Path, all: bool) -> Truth {
    let features = if all { CargoFeatures::All } else { CargoFeatures::default() };
    let cargo = CargoConfig { all_targets: true, set_test: all, features, ..Default::default() };
    let load = LoadCargoConfig {
        load_out_dirs_from_check: false,
        with_proc_macro_server: ProcMacroServerChoice::None,
        prefill_caches: false,
        num_worker_threads: 1,
        proc_macro_processes: 0,
    };
    let (db, vfs, _) = load_workspace_at(root, &cargo, &load, &|_| {}).expect("a Cargo package");
    attach_db(&db, || {
        let mut looker = Looker::new(&db, &vfs, root);
        let mut files: Vec<_> = looker.names.keys().copied().collect();
        files.sort_by_key(|file| looker.names[file].clone());
        for file in files {
            looker.file(file);
        }
        looker.truth
    })
}

struct Looker<'db> {
    db: &'db RootDatabase,
    sema: Semantics<'db, RootDatabase>,
    vfs: &'db Vfs,
    root: PathBuf,
    /// Files in the folder, by their paths there.
    names: FxHashMap<FileId, String>,
    truth: Truth,
    from: String,
    /// The macro that made what is being looked at took it from its own definition.
    is_made: bool,
}

impl<'db> Looker<'db> {
    fn new(db: &'db RootDatabase, vfs: &'db Vfs, root: &Path) -> Self {
        let name = |path: &ra_ap_vfs::VfsPath| {
            let path: &Path = path.as_path()?.as_ref();
            let path = path.strip_prefix(root).ok()?.to_str()?;
            path.ends_with(".rs").then(|| path.to_owned())
        };
        let names = vfs.iter().filter_map(|(file, path)| Some((file, name(path)?))).collect();
        let (truth, from, root) = (Truth::default(), String::new(), root.to_owned());
        Self { db, sema: Semantics::new(db), vfs, root, names, truth, from, is_made: false }
    }

    fn file(&mut self, file: FileId) {
        let Some(module) = self.sema.file_to_module_def(file) else { return };
        self.from = self.names[&file].clone();
        self.truth.files.insert(self.from.clone());
        let tree = self.sema.parse_guess_edition(file);
        self.walk(tree.syntax(), module.krate(self.db), 0);
    }

    /// Looks at a tree and at what the macros in it make.
    fn walk(&mut self, node: &SyntaxNode, krate: Crate, depth: u32) {
        let mut open = vec![node.clone()];
        while let Some(node) = open.pop() {
            if self.is_inactive(&node, krate) {
                continue;
            }
            self.is_made = depth > 0 && self.is_made(&node);
            if let Some(item) = ast::Use::cast(node.clone()) {
                for tree in item.syntax().descendants().filter_map(ast::UseTree::cast) {
                    self.leaf(&tree);
                }
                continue;
            }
            if let Some(item) = ast::Module::cast(node.clone()) {
                if item.item_list().is_none() {
                    let module = self.sema.to_module_def(&item);
                    let file = module.and_then(|module| self.file_of_module(module));
                    self.edge(file);
                }
            } else if let Some(item) = ast::ExternCrate::cast(node.clone()) {
                let found = self.sema.to_def(&item).and_then(|it| it.resolved_crate(self.db));
                let file = found.and_then(|found| self.file_of_module(found.root_module(self.db)));
                self.edge(file);
            } else if let Some(call) = ast::MacroCall::cast(node.clone()) {
                self.include(&call);
                if depth < 16
                    && let Some(expansion) = self.sema.expand_macro_call(&call)
                {
                    self.walk(&expansion.value, krate, depth + 1);
                }
            }
            let from = open.len();
            open.extend(node.children());
            open[from..].reverse();
        }
    }

    /// Whether what an import names stands in the definition of a macro. Its attributes may.
    fn is_made(&self, node: &SyntaxNode) -> bool {
        let named = match_ast! {
            match node {
                ast::Use(it) => it.use_tree().map(|it| it.syntax().clone()),
                ast::Module(it) => it.name().map(|it| it.syntax().clone()),
                ast::ExternCrate(it) => it.name_ref().map(|it| it.syntax().clone()),
                _ => None,
            }
        };
        named.is_some_and(|named| self.sema.original_range_opt(&named).is_none())
    }

    fn is_inactive(&self, node: &SyntaxNode, krate: Crate) -> bool {
        let Some(owner) = ast::AnyHasAttrs::cast(node.clone()) else { return false };
        let options = krate.cfg(self.db);
        let metas = owner.attrs().filter_map(|attribute| attribute.meta());
        metas.into_iter().any(|meta| match meta {
            ast::Meta::CfgMeta(meta) => meta.cfg_predicate().is_some_and(|predicate| {
                options.check(&CfgExpr::parse_from_ast(predicate)) == Some(false)
            }),
            _ => false,
        })
    }

    fn edge(&mut self, to: Option<String>) {
        if let Some(to) = to.filter(|to| *to != self.from) {
            let edges = if self.is_made { &mut self.truth.neutral } else { &mut self.truth.edges };
            edges.insert((self.from.clone(), to));
        }
    }

    fn neutral(&mut self, to: Option<String>) {
        if let Some(to) = to.filter(|to| *to != self.from) {
            self.truth.neutral.insert((self.from.clone(), to));
        }
    }

    /// Looks at one leaf of a `use`.
    fn leaf(&mut self, tree: &ast::UseTree) {
        if tree.use_tree_list().is_some() {
            return;
        }
        let outer = || {
            let outer = tree.parent_use_tree_list()?.parent_use_tree();
            std::iter::successors(Some(outer), |tree| {
                Some(tree.parent_use_tree_list()?.parent_use_tree())
            })
            .find_map(|tree| tree.path())
        };
        let Some(mut path) = tree.path().or_else(outer) else { return };
        // `a::{self}` names `a`.
        if tree.parent_use_tree_list().is_some()
            && path.segment().is_some_and(|segment| segment.self_token().is_some())
            && path.qualifier().is_none()
        {
            let Some(before) = outer() else { return };
            path = before;
            self.named(&path);
            return;
        }
        if tree.star_token().is_some() {
            let found = self.sema.resolve_path(&path);
            let file = found.and_then(|found| self.file_of_scope(found));
            self.edge(file);
            self.through(&path);
        } else {
            self.named(&path);
        }
    }

    /// Looks at a path that ends with the name of something.
    fn named(&mut self, path: &ast::Path) {
        let before = path.qualifier().or_else(|| outer_path(path));
        let found = self.sema.resolve_path_per_ns(path);
        let defs: Vec<_> = found.into_iter().flat_map(definitions).collect();
        let Some(before) = before else {
            for def in defs {
                let file = self.file_of(def);
                match def {
                    ModuleDef::Module(_) => self.edge(file),
                    _ => self.neutral(file),
                }
            }
            return;
        };
        self.through(&before);
        let scope = self.sema.resolve_path(&before);
        let scope_file = scope.and_then(|scope| self.file_of_scope(scope));
        if defs.is_empty() {
            // A macro of a crate that did not expand, or nothing at all.
            self.neutral(scope_file);
            return;
        }
        let module = match scope {
            Some(PathResolution::Def(ModuleDef::Module(module))) => Some(module),
            _ => None,
        };
        for def in defs {
            let file = self.file_of(def);
            match def {
                ModuleDef::Module(named) if named.parent(self.db) == module => self.edge(file),
                // `super` and `self` lead where they say.
                ModuleDef::Module(_) if is_keyword(path) => self.edge(file),
                _ => {
                    self.edge(scope_file.clone());
                    self.neutral(file);
                }
            }
        }
    }

    /// The modules that a path leads through are as good an answer, where it leads through what is
    /// exported again.
    fn through(&mut self, path: &ast::Path) {
        let mut last = Some(path.clone());
        let mut inner: Option<ModuleDef> = None;
        while let Some(path) = last {
            let found = self.sema.resolve_path(&path);
            if let Some(PathResolution::Def(def)) = found {
                if let Some(inner) = inner
                    && inner.module(self.db).map(ModuleDef::Module) != Some(def)
                {
                    let file = self.file_of(def);
                    self.neutral(file);
                }
                inner = Some(def);
            }
            last = path.qualifier().or_else(|| outer_path(&path));
        }
    }

    fn include(&mut self, call: &ast::MacroCall) {
        let name = call.path().and_then(|path| path.segment()).and_then(|it| it.name_ref());
        if name.is_none_or(|name| name.text() != "include") {
            return;
        }
        let tokens = call.token_tree().into_iter().flat_map(|tree| {
            tree.syntax()
                .children_with_tokens()
                .filter_map(|it| it.into_token())
                .collect::<Vec<_>>()
        });
        let inner: Vec<_> = tokens.filter(|token| !token.kind().is_trivia()).collect();
        let [_, token, _] = &inner[..] else { return };
        let Some(text) = ast::String::cast(token.clone()) else { return };
        let Ok(text) = text.value() else { return };
        let folder = Path::new(&self.from).parent().unwrap_or(Path::new(""));
        let target = self.root.join(folder).join(&*text);
        if let Ok(target) = target.canonicalize()
            && let Ok(target) = target.strip_prefix(&self.root)
            && target.extension().is_some_and(|extension| extension == "rs")
        {
            let target = target.to_str().map(str::to_owned);
            self.edge(target);
        }
    }

    /// The file of what other names are in.
    fn file_of_scope(&self, scope: PathResolution<'_>) -> Option<String> {
        match scope {
            PathResolution::Def(def @ (ModuleDef::Module(_) | ModuleDef::Adt(Adt::Enum(_)))) => {
                self.file_of(def)
            }
            PathResolution::Def(def) => self.file_of(def),
            _ => None,
        }
    }

    fn file_of_module(&self, module: Module) -> Option<String> {
        let file =
            module.definition_source_file_id(self.db).original_file_respecting_includes(self.db);
        self.names.get(&file.file_id(self.db)).cloned()
    }

    fn file_of(&self, def: ModuleDef) -> Option<String> {
        let db = self.db;
        let file = match def {
            ModuleDef::Module(it) => return self.file_of_module(it),
            ModuleDef::Function(it) => it.source(db)?.file_id,
            ModuleDef::Adt(it) => it.source(db)?.file_id,
            ModuleDef::EnumVariant(it) => it.source(db)?.file_id,
            ModuleDef::Const(it) => it.source(db)?.file_id,
            ModuleDef::Static(it) => it.source(db)?.file_id,
            ModuleDef::Trait(it) => it.source(db)?.file_id,
            ModuleDef::TypeAlias(it) => it.source(db)?.file_id,
            ModuleDef::Macro(it) => it.source(db)?.file_id,
            ModuleDef::BuiltinType(_) => return None,
        };
        let file = file.original_file_respecting_includes(db).file_id(db);
        let _ = self.vfs;
        self.names.get(&file).cloned()
    }
}

fn definitions(found: PathResolutionPerNs<'_>) -> impl Iterator<Item = ModuleDef> {
    [found.type_ns, found.value_ns, found.macro_ns].into_iter().flatten().filter_map(|found| {
        match found {
            PathResolution::Def(def) => Some(def),
            _ => None,
        }
    })
}

/// The path before the group that the leaf with this path stands in; none for a path with a qualifier.
fn outer_path(path: &ast::Path) -> Option<ast::Path> {
    if path.qualifier().is_some() {
        return None;
    }
    let tree = path.syntax().ancestors().find_map(ast::UseTree::cast)?;
    let outer = tree.parent_use_tree_list()?.parent_use_tree();
    std::iter::successors(Some(outer), |tree| Some(tree.parent_use_tree_list()?.parent_use_tree()))
        .find_map(|tree| tree.path())
}

fn is_keyword(path: &ast::Path) -> bool {
    path.segment().is_some_and(|segment| {
        segment.super_token().is_some()
            || segment.self_token().is_some()
            || segment.crate_token().is_some()
    })
}

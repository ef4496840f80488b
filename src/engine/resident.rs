//! Repositories in memory: from their admission until their rows are made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use backstory_core::{
    Authored, Digest, Draft, Failure, Halt, Hasher, OrderFiles, Outline, OutlineFile, Plan,
    Repository, Request, SourceFile, Structure, Trial,
};
use rayon::prelude::*;
use tokio::sync::OnceCell;

/// Bytes of a file whose syntax tree, tens of times as large, should not meet another one of the sort.
const LARGE_FILE: usize = 256 << 10;

/// Held while a large file is outlined, which waits for nothing.
static LARGE_FILES: Mutex<()> = Mutex::new(());

/// Names a repository on the wire; the low bits are uniform.
pub type RepositoryId = u64;

/// The identifier of a repository.
pub fn repository_id(name: &str) -> RepositoryId {
    Digest::of(name).prefix()
}

/// A repository with what has been found out about it so far.
pub struct Resident {
    /// The repository.
    pub repository: Arc<Repository>,
    /// One outline per file, with its digest.
    pub outlines: Arc<[Arc<Outline>]>,
    /// Digest of each outline.
    pub outline_digests: Vec<Digest>,
    structure: OnceLock<(Structure, Digest)>,
    /// Whether rows were made of it before.
    pub has_rows: bool,
    /// One per simulation of the plan.
    pub stories: Vec<StoryState>,
}

/// What one simulation has written about a repository so far.
#[derive(Default)]
pub struct StoryState {
    /// The plan: asked for once, whichever file comes first. Empty where another simulation has planned.
    pub plan: OnceCell<Authored<Arc<Plan>, Halt>>,
    /// One per file: asked for once, whoever needs it first.
    pub drafts: Vec<OnceCell<Drafted>>,
}

/// What is known of a file that was drafted.
pub struct Drafted {
    /// The draft.
    pub draft: Authored<Arc<Draft>, Halt>,
    /// All that was compared for it; empty where nothing was searched.
    pub trials: Vec<Trial>,
}

impl StoryState {
    /// Whether anything of it has to wait for a later run.
    pub fn is_unavailable(&self) -> bool {
        let unavailable = |halt: Option<&Halt>| matches!(halt, Some(Halt::Unavailable(_)));
        unavailable(self.plan.get().and_then(|plan| plan.result.as_ref().err()))
            || self.drafts.iter().any(|drafted| {
                unavailable(drafted.get().and_then(|it| it.draft.result.as_ref().err()))
            })
    }

    /// All that was compared for it, the files in this order.
    pub fn trials<'a>(&'a self, order: &'a [u32]) -> impl Iterator<Item = &'a [Trial]> {
        let drafts = order.iter().filter_map(|&file| self.drafts[file as usize].get());
        drafts.map(|drafted| &*drafted.trials)
    }

    /// All that was asked of models for it, in any order.
    pub fn all_requests(&self) -> impl Iterator<Item = &Request> {
        let planned = self.plan.get().into_iter().flat_map(|plan| &plan.requests);
        let drafts = self.drafts.iter().filter_map(OnceCell::get);
        planned.chain(drafts.flat_map(|drafted| &drafted.draft.requests))
    }

    /// The same, the files in this order.
    pub fn requests<'a>(&'a self, order: &'a [u32]) -> impl Iterator<Item = &'a Request> {
        let planned = self.plan.get().into_iter().flat_map(|plan| &plan.requests);
        let drafts = order.iter().filter_map(|&file| self.drafts[file as usize].get());
        planned.chain(drafts.flat_map(|drafted| &drafted.draft.requests))
    }
}

impl Resident {
    /// Outlines the files of a repository. Computes. `simulations` is the number of stories that will be
    /// told of it.
    pub fn new(repository: Repository, parser: &dyn OutlineFile, simulations: usize) -> Self {
        let outline = |file: &SourceFile| {
            let large = file.text.len() >= LARGE_FILE;
            let _alone = large.then(|| LARGE_FILES.lock().unwrap_or_else(PoisonError::into_inner));
            Arc::new(parser.outline(file))
        };
        let outlines = repository.files.par_iter().map(outline).collect::<Vec<_>>();
        let files = repository.files.iter();
        let outline_digests =
            files.zip(&outlines).map(|(file, outline)| outline.digest(&file.text)).collect();
        let story = || StoryState {
            plan: OnceCell::new(),
            drafts: repository.files.iter().map(|_| OnceCell::new()).collect(),
        };
        let stories = std::iter::repeat_with(story).take(simulations).collect();
        Self {
            outlines: outlines.into(),
            outline_digests,
            structure: OnceLock::new(),
            stories,
            has_rows: false,
            repository: Arc::new(repository),
        }
    }

    /// The structure, made at the first call, with its digest.
    pub fn structure(&self, orderer: &dyn OrderFiles) -> &(Structure, Digest) {
        self.structure.get_or_init(|| {
            let graph = Arc::new(orderer.order(&self.repository, &self.outlines));
            let structure = Structure {
                repository: Arc::clone(&self.repository),
                outlines: Arc::clone(&self.outlines),
                graph,
            };
            let digest = structure_digest(&structure, &self.outline_digests);
            (structure, digest)
        })
    }

    /// The plan by a simulation that has written a draft.
    pub fn plan(&self, simulation: usize) -> &Plan {
        let planned = self.stories[simulation].plan.get();
        let plan = planned.and_then(|planned| planned.result.as_ref().ok());
        plan.expect("files are drafted after their repository is planned")
    }

    /// Index of a file; paths of work items come from the repository itself.
    pub fn file(&self, path: &str) -> u32 {
        let files = &self.repository.files;
        let found = files.binary_search_by(|file| file.path.as_ref().cmp(path));
        found.expect("a work item names a file of its repository") as u32
    }
}

fn structure_digest(structure: &Structure, outlines: &[Digest]) -> Digest {
    let mut hasher = Hasher::new();
    for (file, outline) in structure.repository.files.iter().zip(outlines) {
        hasher.field(&*file.path).field(outline.0);
    }
    for file in &structure.graph.order {
        hasher.field(file.to_le_bytes());
    }
    for dependencies in &structure.graph.dependencies {
        let bytes = dependencies.iter().flat_map(|file| file.to_le_bytes()).collect::<Vec<_>>();
        hasher.field(bytes);
    }
    hasher.finish()
}

/// A repository under way.
pub struct Admitted {
    /// The repository, or why it was rejected as a whole.
    pub resident: Result<Resident, Failure>,
    /// Digest of what was read, or of the reason why nothing was.
    pub content: Digest,
    /// What its source told of its state.
    pub revision: Option<String>,
    /// Whether it has rows, which those to be made take the place of.
    pub replaces: bool,
}

impl Admitted {
    /// The repository, once it is known not to be rejected: only then it has items.
    pub fn resident(&self) -> &Resident {
        self.resident.as_ref().expect("a rejected repository has no items")
    }
}

type Named = (Arc<str>, Arc<Admitted>);

/// The repositories under way in this process.
#[derive(Default)]
pub struct Residents(Mutex<HashMap<RepositoryId, Named>>);

impl Residents {
    /// Takes a repository in.
    pub fn insert(&self, name: Arc<str>, admitted: Admitted) {
        let mut residents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        residents.insert(repository_id(&name), (name, Arc::new(admitted)));
    }

    /// A repository under way.
    pub fn get(&self, id: RepositoryId) -> Arc<Admitted> {
        let residents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, admitted) = residents.get(&id).expect("resident from admission to its rows");
        Arc::clone(admitted)
    }

    /// Lets a repository go, with its name.
    pub fn remove(&self, id: RepositoryId) -> Named {
        let mut residents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        residents.remove(&id).expect("resident from admission to its rows")
    }
}

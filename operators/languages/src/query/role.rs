//! What captures say: the vocabulary of [`super`], in types.

use backstory_core::DefinitionKind;

/// What a capture says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Definition(DefinitionKind),
    Defined,
    Word,
    Name,
    Body,
    Head,
    Start,
    Annotation,
    Members,
    Private,
    Public,
    Parameters,
    Local,
    Comment,
    Doc,
    DocInside,
    Export,
    ExportAll,
    Import,
    ImportPath,
    ImportName,
    ImportAlias,
    ImportExported,
    Package,
    Asked,
    Unknown,
}

impl Role {
    pub(super) fn of(capture: &str) -> Self {
        if let Some(kind) = capture.strip_prefix("definition.") {
            return kind_of(kind).map_or(Self::Unknown, Self::Definition);
        }
        match capture {
            "definition" => Self::Defined,
            "word" => Self::Word,
            "name" => Self::Name,
            "body" => Self::Body,
            "head" => Self::Head,
            "start" => Self::Start,
            "annotation" => Self::Annotation,
            "members" => Self::Members,
            "private" => Self::Private,
            "public" => Self::Public,
            "parameters" => Self::Parameters,
            "local" => Self::Local,
            "comment" => Self::Comment,
            "doc" => Self::Doc,
            "doc.inside" => Self::DocInside,
            "export" => Self::Export,
            "export.all" => Self::ExportAll,
            "import" => Self::Import,
            "import.path" => Self::ImportPath,
            "import.name" => Self::ImportName,
            "import.alias" => Self::ImportAlias,
            "import.exported" => Self::ImportExported,
            "package" => Self::Package,
            _ if capture.starts_with('_') => Self::Asked,
            _ => Self::Unknown,
        }
    }
}

fn kind_of(name: &str) -> Option<DefinitionKind> {
    use DefinitionKind as Kind;
    let kinds = [
        Kind::Type,
        Kind::Interface,
        Kind::Implementation,
        Kind::Function,
        Kind::Method,
        Kind::Constant,
        Kind::Variable,
        Kind::Alias,
        Kind::Module,
        Kind::Macro,
    ];
    kinds.into_iter().find(|kind| kind.name() == name)
}

use arrow::datatypes::{DataType, Schema};
use parquet::arrow::ProjectionMask;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RowLayout;
use super::file::Description;

/// Names of columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The repository's name.
    pub repository: String,
    /// The commit; empty for none.
    pub commit: String,
    /// The list of files, where a row is a repository.
    pub files: String,
    /// The path of a file in its repository: a column, or a part of those in `files`.
    pub path: String,
    /// The content of a file: a column, or a part of those in `files`. Text or bytes.
    pub content: String,
    /// The license as an SPDX expression: a column, or a part of those in `files`, in which case a
    /// repository has those of its files, joined with `AND`. Empty to find it in the files, as elsewhere.
    pub license: String,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            repository: "repo_path".into(),
            commit: "commit_id".into(),
            files: "files".into(),
            path: "file_path".into(),
            content: "content".into(),
            license: String::new(),
        }
    }
}

impl Columns {
    /// Makes sure that a schema has them.
    pub(super) fn check(&self, layout: RowLayout, schema: &Schema) -> Result<(), String> {
        let mut columns = vec![&self.repository];
        columns.extend(Some(&self.commit).filter(|name| !name.is_empty()));
        match layout {
            RowLayout::Repositories => columns.push(&self.files),
            RowLayout::Files => columns.extend([&self.path, &self.content]),
        }
        for column in columns {
            if schema.field_with_name(column).is_err() {
                return Err(no_column(column, schema.fields().iter().map(|field| field.name())));
            }
        }
        let parts = match layout {
            RowLayout::Files => return self.check_license(schema, &[]),
            RowLayout::Repositories => parts_of(schema, &self.files).ok_or_else(|| {
                format!("column \"{}\" is no list of structures, as files would be", self.files)
            })?,
        };
        for part in [&self.path, &self.content] {
            if !parts.contains(&part.as_str()) {
                return Err(no_column(&format!("{}.{part}", self.files), parts));
            }
        }
        self.check_license(schema, &parts)
    }

    fn check_license(&self, schema: &Schema, parts: &[&str]) -> Result<(), String> {
        let name = self.license.as_str();
        if name.is_empty() || parts.contains(&name) || schema.field_with_name(name).is_ok() {
            return Ok(());
        }
        let fields = schema.fields().iter().map(|field| field.name().as_str());
        Err(no_column(name, fields.chain(parts.iter().copied())))
    }

    /// The column that holds nearly everything.
    pub(super) fn of_bulk(&self, layout: RowLayout) -> &str {
        match layout {
            RowLayout::Repositories => &self.files,
            RowLayout::Files => &self.content,
        }
    }

    /// The columns that a repository is made from.
    pub(super) fn of_contents(
        &self,
        layout: RowLayout,
        description: &Description,
    ) -> ProjectionMask {
        let is_part = |last: &str| {
            [&self.path, &self.content, &self.license].iter().any(|part| *part == last)
        };
        description.columns(|first, last| match layout {
            RowLayout::Repositories if first == self.files => last.is_some_and(is_part),
            RowLayout::Files if first == self.path || first == self.content => true,
            _ => first == self.commit || first == self.license,
        })
    }
}

fn no_column<'a>(name: &str, known: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> String {
    let known: Vec<_> = known.into_iter().map(|known| known.as_ref().to_owned()).collect();
    format!("there is no column \"{name}\"; there are: {}", known.join(", "))
}

/// The parts of the structures in a list.
fn parts_of<'a>(schema: &'a Schema, column: &str) -> Option<Vec<&'a str>> {
    let (DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item)) =
        schema.field_with_name(column).ok()?.data_type()
    else {
        return None;
    };
    let DataType::Struct(fields) = item.data_type() else { return None };
    Some(fields.iter().map(|field| field.name().as_str()).collect())
}

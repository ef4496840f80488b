//! Profiles of AWS tools: sections of two files in the home folder.
//!
//! Responsible for keys, regions and endpoints that are written there. Not responsible for ways to get keys
//! by asking somebody, such as single sign-on: who needs one of those asks first and sets variables.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key};

use crate::LocationError;
use crate::bucket::Variables;

/// What stands for a way to get keys that is not ours.
const OTHER_WAYS: [&str; 6] = [
    "sso_session",
    "sso_start_url",
    "credential_process",
    "credential_source",
    "role_arn",
    "login_session",
];

/// What a section of both files says, in lower case keys.
#[derive(Debug, Default)]
pub(crate) struct Profile(BTreeMap<String, String>);

impl Profile {
    /// The one that the variables choose. Without a choice it is the default one, if there is any.
    pub fn of(variables: &Variables, home: Option<&Path>) -> Result<Self, LocationError> {
        let chosen = variables.get("AWS_PROFILE").filter(|name| !name.is_empty());
        let name = chosen.map_or("default", String::as_str);
        let file = |variable: &str, name: &str| {
            let named = variables.get(variable).map(PathBuf::from);
            named.or_else(|| Some(home?.join(".aws").join(name)))
        };
        let config = read(file("AWS_CONFIG_FILE", "config"))?;
        let credentials = read(file("AWS_SHARED_CREDENTIALS_FILE", "credentials"))?;
        let in_config = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let mut found = section(&config, &in_config);
        // Keys of the credentials file come first.
        for (key, value) in section(&credentials, name).into_iter().flatten() {
            found.get_or_insert_default().insert(key, value);
        }
        let profile = Self(found.clone().unwrap_or_default());
        // Keys in variables come before those of a profile, so that it need not have any.
        let keys = variables.contains_key("AWS_ACCESS_KEY_ID");
        match (chosen, found) {
            (Some(name), None) => Err(LocationError::new(
                format!("AWS_PROFILE is \"{name}\", and there is no such profile"),
                "name a profile of ~/.aws/config or ~/.aws/credentials, or unset it",
            )),
            (Some(name), Some(_)) if !keys => profile.usable(name).map(|()| profile),
            _ => Ok(if keys { profile.without_keys() } else { profile }),
        }
    }

    fn usable(&self, name: &str) -> Result<(), LocationError> {
        let has = |key: &str| self.0.contains_key(key);
        if has("aws_access_key_id") && has("aws_secret_access_key") {
            return Ok(());
        }
        let way = OTHER_WAYS.iter().find(|way| has(way));
        let lacks = way.map_or("has no keys".to_owned(), |way| {
            format!("gets its keys by {way}, which is not supported")
        });
        Err(LocationError::new(
            format!("the AWS profile \"{name}\" {lacks}"),
            format!(
                "run: eval \"$(aws configure export-credentials --profile {name} --format env)\""
            ),
        ))
    }

    fn without_keys(mut self) -> Self {
        self.0.retain(|key, _| !key.starts_with("aws_"));
        self
    }

    /// Says what the builder does not know from elsewhere.
    pub fn apply(&self, mut builder: AmazonS3Builder) -> AmazonS3Builder {
        let said = [
            ("aws_access_key_id", Key::AccessKeyId),
            ("aws_secret_access_key", Key::SecretAccessKey),
            ("aws_session_token", Key::Token),
            ("region", Key::Region),
            ("endpoint_url", Key::Endpoint),
        ];
        for (name, key) in said {
            if let (Some(value), None) = (self.0.get(name), builder.get_config_value(&key)) {
                builder = builder.with_config(key, value);
            }
        }
        builder
    }
}

/// The text of a file, which need not be there.
fn read(path: Option<PathBuf>) -> Result<String, LocationError> {
    let Some(path) = path else { return Ok(String::new()) };
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(LocationError::new(
            format!("cannot read \"{}\": {error}", path.display()),
            "make it readable, or name another file by AWS_CONFIG_FILE",
        )),
    }
}

/// What a section says at its upper level; none if there is no such section.
fn section(text: &str, name: &str) -> Option<BTreeMap<String, String>> {
    let mut found = None;
    let mut inside = false;
    for line in text.lines() {
        // What is indented belongs to a key of another service.
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        if let Some(header) = line.trim_end().strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            inside = header.split_whitespace().collect::<Vec<_>>().join(" ") == name;
            if inside {
                found.get_or_insert_default();
            }
        } else if let (true, Some((key, value))) = (inside, line.split_once('=')) {
            let section: &mut BTreeMap<_, _> = found.get_or_insert_default();
            section.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    found
}

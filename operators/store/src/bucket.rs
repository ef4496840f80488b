//! Stores in the network, as the environment describes them.
//!
//! Responsible for which variables and files say what. Not responsible for what is asked of a store.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key, S3CopyIfNotExists};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::multipart::MultipartStore;
use object_store::{ClientConfigKey, ObjectStore, RetryConfig};
use url::Url;

use crate::LocationError;
use crate::profile::Profile;
use crate::steady::Steady;

/// How long something is tried again that went wrong in passing, in seconds.
const RETRY_SECONDS: &str = "BACKSTORY_STORE_RETRY_SECONDS";
const DEFAULT_RETRY: Duration = Duration::from_mins(3);
/// A request that has not ended by then has stalled. What was being read goes on where it stopped.
const REQUEST: &str = "60 seconds";

/// Environment variables by name.
pub type Variables = BTreeMap<String, String>;

/// Those of this process.
pub(crate) fn variables() -> Variables {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

pub(crate) fn s3(url: &Url, variables: &Variables) -> Result<Arc<dyn ObjectStore>, LocationError> {
    let bucket = url.host_str().unwrap_or_default();
    steady(s3_builder(bucket, variables)?.build(), url, variables)
}

pub(crate) fn google(
    url: &Url,
    variables: &Variables,
) -> Result<Arc<dyn ObjectStore>, LocationError> {
    let builder = GoogleCloudStorageBuilder::from_env().with_url(plain(url)).with_retry(once());
    steady(builder.build(), url, variables)
}

pub(crate) fn azure(
    url: &Url,
    variables: &Variables,
) -> Result<Arc<dyn ObjectStore>, LocationError> {
    let builder = MicrosoftAzureBuilder::from_env().with_url(plain(url)).with_retry(once());
    steady(builder.build(), url, variables)
}

/// The store without a place in it.
fn plain(url: &Url) -> String {
    let mut url = url.clone();
    url.set_path("");
    url.to_string()
}

fn steady<S: ObjectStore + MultipartStore>(
    built: object_store::Result<S>,
    url: &Url,
    variables: &Variables,
) -> Result<Arc<dyn ObjectStore>, LocationError> {
    let store = built.map_err(|error| {
        let said = error.to_string();
        let why = said.split_once(" error: ").map_or(&*said, |(_, why)| why);
        LocationError::new(format!("\"{}\" cannot be opened: {why}", plain(url)), hint(url))
    })?;
    let name = plain(url).trim_end_matches('/').to_owned();
    Ok(Arc::new(Steady::new(store, name, retry_for(variables.get(RETRY_SECONDS))?)))
}

fn hint(url: &Url) -> &'static str {
    match url.scheme() {
        "s3" | "s3a" => "check the environment variables that begin with AWS_",
        "gs" => "check the environment variables that begin with GOOGLE_",
        _ => "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    }
}

fn retry_for(seconds: Option<&String>) -> Result<Duration, LocationError> {
    let Some(seconds) = seconds else { return Ok(DEFAULT_RETRY) };
    let parsed = seconds.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    parsed.ok_or_else(|| {
        let message = format!("{RETRY_SECONDS} is \"{seconds}\", which is no number of seconds");
        LocationError::new(message, "set it to a number such as 180, or unset it")
    })
}

/// [`Steady`] tries again, for it knows what may be.
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

/// What the variables say, and what a profile says of which they are silent.
fn s3_builder(bucket: &str, variables: &Variables) -> Result<AmazonS3Builder, LocationError> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_retry(once())
        .with_copy_if_not_exists(S3CopyIfNotExists::Multipart)
        .with_config(Key::Client(ClientConfigKey::Timeout), REQUEST);
    for (name, value) in variables {
        let Ok(key) = name.to_ascii_lowercase().parse() else { continue };
        // Others than those that begin so are not meant for us, and the bucket is that of the URI.
        if name.starts_with("AWS_") && key != Key::Bucket {
            builder = builder.with_config(key, value);
        }
    }
    builder = Profile::of(variables, home().as_deref())?.apply(builder);
    let endpoint = [Key::S3Endpoint, Key::Endpoint]
        .iter()
        .find_map(|key| builder.get_config_value(key))
        .unwrap_or_default();
    // Whoever names such an endpoint wants it.
    Ok(builder.with_allow_http(endpoint.starts_with("http://") || allows_http(variables)))
}

fn allows_http(variables: &Variables) -> bool {
    variables.get("AWS_ALLOW_HTTP").is_some_and(|value| value == "true" || value == "1")
}

fn home() -> Option<PathBuf> {
    std::env::home_dir()
}

#[cfg(test)]
mod tests;

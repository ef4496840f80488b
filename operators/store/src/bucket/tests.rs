#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use super::*;

fn variables(said: &[(&str, &str)]) -> Variables {
    said.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A home with these two files, and variables that name them.
fn home(config: &str, credentials: &str) -> (tempfile::TempDir, Variables) {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        fs::write(home.path().join(name), text).unwrap();
        home.path().join(name).display().to_string()
    };
    let (config, credentials) = (write("config", config), write("credentials", credentials));
    let said = [("AWS_CONFIG_FILE", &*config), ("AWS_SHARED_CREDENTIALS_FILE", &*credentials)];
    let said = variables(&said);
    (home, said)
}

fn with(mut said: Variables, more: &[(&str, &str)]) -> Variables {
    said.extend(variables(more));
    said
}

fn said(variables: &Variables) -> String {
    let builder = match s3_builder("bucket", variables) {
        Ok(builder) => builder,
        Err(error) => return format!("{error}; {}", error.hint),
    };
    let keys = [
        Key::Bucket,
        Key::AccessKeyId,
        Key::SecretAccessKey,
        Key::Token,
        Key::Region,
        Key::S3Endpoint,
        Key::Endpoint,
        Key::VirtualHostedStyleRequest,
        Key::ConditionalPut,
        Key::Client(ClientConfigKey::AllowHttp),
        Key::Client(ClientConfigKey::Timeout),
    ];
    let said = keys
        .into_iter()
        .filter_map(|key| Some(format!("{}={}", key.as_ref(), builder.get_config_value(&key)?)));
    said.collect::<Vec<_>>().join(" ")
}

const CONFIG: &str = "\
# All there is.
[default]
region = eu-north-1

[profile minio]
region=us-west-2
endpoint_url = http://127.0.0.1:9000
s3 =
    max_concurrent_requests = 20
    region = nested
[profile company]
sso_session = company
region = eu-west-1

[profile role]
role_arn = arn:aws:iam::1:role/x
source_profile = default
";

const CREDENTIALS: &str = "\
[default]
aws_access_key_id = AKDEFAULT
aws_secret_access_key = default/secret+=

[minio]
aws_access_key_id=AKMINIO
aws_secret_access_key=minio
aws_session_token=token
";

#[test]
fn environments_say_who_asks_and_where() {
    let (home, files) = home(CONFIG, CREDENTIALS);
    let keys = [("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let own = with(files.clone(), &keys);
    let cases = [
        ("files", files.clone()),
        ("keys", own.clone()),
        ("keys and profile", with(own.clone(), &[("AWS_PROFILE", "minio")])),
        ("profile", with(files.clone(), &[("AWS_PROFILE", "minio")])),
        ("profile, region", with(files.clone(), &[("AWS_PROFILE", "minio"), ("AWS_REGION", "x")])),
        ("endpoint", with(own.clone(), &[("AWS_ENDPOINT_URL", "http://host:1")])),
        (
            "endpoint of s3",
            with(
                own.clone(),
                &[("AWS_ENDPOINT_URL", "http://host:1"), ("AWS_ENDPOINT_URL_S3", "https://s3:2")],
            ),
        ),
        (
            "more",
            with(
                own,
                &[
                    ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true"),
                    ("AWS_TIMEOUT", "5 seconds"),
                    ("AWS_ALLOW_HTTP", "true"),
                    ("AWS_BUCKET", "other"),
                ],
            ),
        ),
        ("no such profile", with(files.clone(), &[("AWS_PROFILE", "none")])),
        ("sso", with(files.clone(), &[("AWS_PROFILE", "company")])),
        ("role", with(files, &[("AWS_PROFILE", "role")])),
        (
            "nothing",
            variables(&[("AWS_CONFIG_FILE", "none"), ("AWS_SHARED_CREDENTIALS_FILE", "none")]),
        ),
    ];
    let lines = cases.map(|(name, variables)| format!("{name}: {}", said(&variables)));
    let directory = home.path().display().to_string();
    insta::assert_snapshot!(lines.join("\n").replace(&directory, "HOME"));
}

#[test]
fn files_of_the_home_folder_are_read() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    fs::write(home.path().join(".aws/credentials"), CREDENTIALS).unwrap();
    let profile = Profile::of(&Variables::new(), Some(home.path())).unwrap();
    let builder = profile.apply(AmazonS3Builder::new());
    assert_eq!(builder.get_config_value(&Key::AccessKeyId).unwrap(), "AKDEFAULT");
    assert!(Profile::of(&Variables::new(), Some(Path::new("/none"))).is_ok());
}

#[test]
fn how_long_to_try_is_a_number() {
    assert_eq!(retry_for(None).unwrap(), DEFAULT_RETRY);
    assert_eq!(retry_for(Some(&"0.5".to_owned())).unwrap(), Duration::from_millis(500));
    for wrong in ["soon", "-1", "NaN", "1e300"] {
        assert!(retry_for(Some(&wrong.to_owned())).is_err(), "{wrong}");
    }
    let error = retry_for(Some(&"soon".to_owned())).unwrap_err();
    insta::assert_snapshot!(format!("{error}; {}", error.hint));
}

#[test]
fn what_cannot_be_opened_is_told() {
    let said = variables(&[("AWS_ALLOW_HTTP", "perhaps"), ("AWS_TIMEOUT", "later")]);
    let url = Url::parse("s3://bucket/a").unwrap();
    let error = s3(&url, &said).unwrap_err();
    insta::assert_snapshot!(format!("{error}; {}", error.hint));
}

/// Neither errors nor what is printed to find them has a key in it.
#[test]
fn keys_are_not_told() {
    let said = variables(&[
        ("AWS_ACCESS_KEY_ID", "AKSECRET"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "secret"),
    ]);
    let store = s3(&Url::parse("s3://bucket/a").unwrap(), &said).unwrap();
    assert!(!format!("{store} {store:?}").to_lowercase().contains("secret"), "{store:?}");
}

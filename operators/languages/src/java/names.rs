//! Names with dots.

/// `a.b.Outer` of `a.b.Outer.Inner`, `Outer` of `Outer.Inner`.
pub(crate) fn outermost(name: &str) -> &str {
    let mut end = 0;
    for part in name.split('.') {
        end += part.len();
        if part.trim().starts_with(char::is_uppercase) {
            return &name[..end];
        }
        end += 1;
    }
    name
}

/// Whether this looks like the name of a package: small letters only.
pub(crate) fn is_package(text: &str) -> bool {
    let mut parts = text.split('.').map(str::trim);
    parts.all(|part| {
        part.starts_with(char::is_lowercase)
            && part.chars().all(char::is_alphanumeric)
            && part != "this"
    })
}

/// A name with dots, without the white space and comments that may be in it.
pub(crate) fn dotted(name: &str) -> String {
    let mut rest = name;
    let mut out = String::new();
    while let Some(at) = rest.find('/') {
        out.push_str(&rest[..at]);
        let comment = &rest[at..];
        let (end, length) = if comment.starts_with("/*") { ("*/", 2) } else { ("\n", 1) };
        rest = comment.find(end).map_or("", |at| &comment[at + length..]);
    }
    out.push_str(rest);
    out.retain(|c| !c.is_whitespace());
    out
}

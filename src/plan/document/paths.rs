//! Paths of documents as patterns: verbatim names, so brackets are themselves, not classes.

/// The pattern of a path as a document writes it; `None` if it cannot be one inside the
/// repository (absolute, at home, upwards, prose).
pub(super) fn pattern(path: &str) -> Option<String> {
    let path = clean(path)?;
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '[' => out.push_str("[[]"),
            _ => out.push(c),
        }
    }
    Some(out)
}

/// The path itself, without what only says that it is a folder; `None` for globs and what is no
/// path here.
pub(super) fn literal(path: &str) -> Option<String> {
    let path = clean(path)?;
    let path = path.strip_suffix("/**").unwrap_or(path);
    let path = path.trim_end_matches('/');
    let is_glob = path.contains(['*', '?', '{']);
    (!is_glob && !path.is_empty()).then(|| path.to_owned())
}

fn clean(path: &str) -> Option<&str> {
    let path = path.trim();
    let path = path.strip_prefix("./").unwrap_or(path);
    let fits = !path.is_empty()
        && !path.starts_with(['/', '~', '!', ':', '-'])
        && !path.contains(['\\', '\0', '`', '<', '>', '$'])
        && !path.contains(char::is_whitespace)
        && !path.chars().any(char::is_control)
        && path
            .split('/')
            .all(|part| !matches!(part, ".." | "." | ".git"))
        && path.matches('{').count() == path.matches('}').count()
        && path.len() <= 400;
    fits.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_inside_is_a_pattern() {
        assert_eq!(pattern("./src/a.rs").as_deref(), Some("src/a.rs"));
        assert_eq!(
            pattern("app/[id]/page.tsx").as_deref(),
            Some("app/[[]id]/page.tsx")
        );
        assert_eq!(pattern("src/*.{ts,js}").as_deref(), Some("src/*.{ts,js}"));
        for foreign in [
            "/etc/passwd",
            "~/.config/x",
            "../x",
            "a/../b",
            "two words",
            "",
            "a{b",
        ] {
            assert_eq!(pattern(foreign), None, "{foreign}");
        }
        assert_eq!(literal("src/api/").as_deref(), Some("src/api"));
        assert_eq!(literal("src/*.rs"), None);
    }
}

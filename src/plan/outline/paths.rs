//! Which words in running text name files: prose has code, routes and packages between them.

use super::words::is_path;

/// Words that are files though nothing in them says so.
const BARE: [&str; 8] = [
    "Makefile",
    "Dockerfile",
    "LICENSE",
    "Justfile",
    "Procfile",
    "Gemfile",
    "Rakefile",
    "CODEOWNERS",
];
/// What names of files end with. Without a slash only the ending tells `main.go` from `React.memo`.
const ENDINGS: &str = "astro bash bat bib c cc cfg cjs conf cpp cs css csv cts dart db ejs env ex \
    exs fish go gradle graphql groovy h hbs hcl hpp hs htm html ini ipynb java jpg js json json5 \
    jsonc jsonl jsx kt kts lean less lock log lua m md mdx mjs mk ml mts nix patch pdf php pl \
    plist png po pptx prisma properties proto ps1 py pyi r rb rs rst sass sbt scala scss sh sql \
    svelte svg swift tex tf tfvars toml ts tsv tsx txt typ vue wasm webp xml xsd yaml yml zig zsh";
/// How files begin that have no other name.
const DOTTED: [&str; 10] = [
    ".env",
    ".git",
    ".gitignore",
    ".gitattributes",
    ".docker",
    ".npm",
    ".nvm",
    ".eslint",
    ".prettier",
    ".editorconfig",
];
/// How words begin that have a slash and are no path.
const OTHERS: [&str; 9] = [
    "application/",
    "text/",
    "image/",
    "audio/",
    "video/",
    "n/",
    "N/",
    "and/",
    "I/",
];

/// Whether a word of running text names a file or a folder.
pub fn names_file(word: &str) -> bool {
    let odd = |c: char| "=\"',#&\\%!?:$".contains(c);
    if BARE.contains(&word) || DOTTED.contains(&word) {
        return true;
    }
    if !is_path(word) || word.contains(odd) || word.starts_with('@') {
        return false;
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    let ends = name
        .rsplit_once('.')
        .is_some_and(|(_, ending)| is_ending(ending));
    if !word.contains('/') {
        return ends || DOTTED.iter().any(|start| word.starts_with(start));
    }
    // A path from the root without an ending is a route.
    let named = word.bytes().any(|b| b.is_ascii_alphanumeric());
    named && (ends || !word.starts_with('/')) && !OTHERS.iter().any(|start| word.starts_with(start))
}

fn is_ending(ending: &str) -> bool {
    let mut known = ENDINGS.split_ascii_whitespace();
    known.any(|known| known.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_code_routes_and_packages() {
        for word in [
            "a/b.rs",
            "src/",
            "main.go",
            ".env.local",
            ".gitignore",
            "Makefile",
            "a/*.ts",
            "/x/y.md",
        ] {
            assert!(names_file(word), "{word}");
        }
        for word in [
            "React.memo",
            "go test",
            "f()",
            "/api/v1",
            "@a/b",
            "text/html",
            "a:b/c",
            "/",
            ".rpc",
        ] {
            assert!(!names_file(word), "{word}");
        }
    }
}

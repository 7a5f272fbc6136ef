//! Which files a package's agent gets to read in its prompt, by the role of the package.
//!
//! Pure: files come in through [`Sources`]. A file that is not there is no error; plans differ in
//! what they carry.

use std::collections::BTreeSet;

use crate::agent::design::{self, Side};
use crate::agent::document;
use crate::model::{ContractKind, Format, Package, Plan, Role};
use crate::plan::profile;

/// Where a Purple repository keeps its standards.
const STANDARDS: &str = "purple/standards";

/// How files of the attempt's base are read. Paths are relative to the root of the repository.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The text of a file, `None` if there is none or it is not text.
    pub read: &'a dyn Fn(&str) -> Option<String>,
    /// The paths of all files below a folder, sorted.
    pub list: &'a dyn Fn(&str) -> Vec<String>,
}

/// One file of a slice, possibly in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its path, for the heading.
    pub path: String,
    /// What of it is shown.
    pub text: String,
}

/// The files for `package`, the most important first.
pub fn parts(plan: &Plan, plan_text: &str, package: &Package, sources: Sources<'_>) -> Vec<Part> {
    let mut slice = Slice {
        plan,
        folder: folder_of(&plan.source),
        sources,
        seen: BTreeSet::new(),
        parts: Vec::new(),
    };
    if plan.format.is_document() {
        slice.document(plan_text, package);
        return slice.parts;
    }
    match package.kind() {
        Role::Contracts => {
            slice.add_below("contracts");
            slice.contracts(&ALL_KINDS);
            slice.add("proposal.md");
            slice.add_below("specs");
        }
        Role::Backend => {
            slice.design(Side::Backend);
            slice.contracts(&BACKEND_KINDS);
        }
        Role::Frontend => {
            slice.generated_types();
            slice.design(Side::Frontend);
        }
        Role::Integration => {
            slice.push(plan.source.clone(), plan_text.to_owned());
            slice.contracts(&ALL_KINDS);
            slice.add_below("contracts");
        }
        Role::General => {
            slice.add("tasks.md");
            slice.add("design.md");
            slice.add("proposal.md");
            slice.contracts(&ALL_KINDS);
        }
    }
    slice.parts
}

const ALL_KINDS: [ContractKind; 5] = [
    ContractKind::Openapi,
    ContractKind::JsonSchema,
    ContractKind::Sql,
    ContractKind::Proto,
    ContractKind::None,
];
const BACKEND_KINDS: [ContractKind; 4] = [
    ContractKind::Openapi,
    ContractKind::JsonSchema,
    ContractKind::Sql,
    ContractKind::Proto,
];

struct Slice<'a> {
    plan: &'a Plan,
    folder: String,
    sources: Sources<'a>,
    seen: BTreeSet<String>,
    parts: Vec<Part>,
}

impl Slice<'_> {
    /// A file of the plan's folder.
    fn add(&mut self, name: &str) {
        self.add_path(&join(&self.folder, name));
    }

    /// What users of the plan's format expect whoever does the work to know.
    fn document(&mut self, plan_text: &str, package: &Package) {
        self.folder = profile::feature_folder(self.plan.format, &self.plan.source).to_owned();
        match self.plan.format {
            Format::SpecTasks => {
                self.add("requirements.md");
                self.add("design.md");
                self.across_modules();
            }
            Format::Purple => self.ticket(plan_text, package),
            Format::OpenspecTasks => {
                self.add("proposal.md");
                self.add("design.md");
                self.add_below("specs");
            }
            Format::KiroTasks => {
                self.add("requirements.md");
                self.add("design.md");
            }
            Format::SpeckitTasks | Format::SpeckittyTasks => {
                self.add("spec.md");
                self.add("plan.md");
                self.add("data-model.md");
                self.add_below("contracts");
            }
            // A phase carries everything in its own text.
            Format::TeamPlan
            | Format::WorkPackages
            | Format::WorkPackagesSimple
            | Format::Linear => {}
        }
    }

    /// A feature of several modules keeps what joins them one level above the modules.
    fn across_modules(&mut self) {
        let folder = self.folder.clone();
        let above = folder.rsplit_once('/').map(|(above, _)| above);
        let Some(whole) = above.and_then(|above| above.strip_suffix("/modules")) else {
            return;
        };
        for name in ["integration.md", "requirements.md", "design.md"] {
            self.add_path(&join(whole, name));
        }
    }

    /// Standards for everybody and for the layer of the ticket, and what other tickets promise.
    fn ticket(&mut self, plan_text: &str, package: &Package) {
        if let Some(text) = document::siblings(self.plan, plan_text, package) {
            let path = format!("{}: the other tickets", self.plan.source);
            self.push(path, text);
        }
        let layers = ["backend", "frontend", "business"];
        let text = package.description.to_lowercase();
        let named = |layer: &&&str| text.contains(**layer);
        let mut folders: Vec<&str> = layers.iter().filter(named).copied().collect();
        if folders.is_empty() {
            folders.extend(layers);
        }
        for folder in std::iter::once("global").chain(folders) {
            for path in (self.sources.list)(&join(STANDARDS, folder)) {
                if path.ends_with(".md") {
                    self.add_path(&path);
                }
            }
        }
    }

    /// All files below a folder of the plan's folder.
    fn add_below(&mut self, name: &str) {
        for path in (self.sources.list)(&join(&self.folder, name)) {
            self.add_path(&path);
        }
    }

    fn add_path(&mut self, path: &str) -> bool {
        if self.seen.contains(path) {
            return true;
        }
        let text = (self.sources.read)(path);
        let found = text.is_some();
        if let Some(text) = text {
            self.push(path.to_owned(), text);
        }
        found
    }

    fn push(&mut self, path: String, text: String) {
        if self.seen.insert(path.clone()) {
            self.parts.push(Part { path, text });
        }
    }

    fn design(&mut self, side: Side) {
        let path = join(&self.folder, "design.md");
        if let Some(text) = (self.sources.read)(&path) {
            let text = design::for_side(&text, side, "design.md");
            self.push(path, text);
        }
    }

    /// The plan's contract files of these kinds, the entry document first.
    fn contracts(&mut self, kinds: &[ContractKind]) {
        let plan = self.plan;
        let primary = plan.contracts.primary.as_deref();
        let is_primary = |path: &str| Some(path) == primary;
        let mut files: Vec<_> = plan.contracts.files.iter().collect();
        files.sort_by_key(|file| !is_primary(&file.path));
        for file in files.into_iter().filter(|file| kinds.contains(&file.kind)) {
            self.resolve(&file.path);
        }
    }

    fn generated_types(&mut self) {
        let declared = self.plan.contracts.generated_typescript.clone();
        let places = [declared.as_deref(), Some("contracts/generated/types.ts")];
        for place in places.into_iter().flatten() {
            if self.resolve(place) {
                continue;
            }
            for root in [String::new(), self.folder.clone()] {
                for path in (self.sources.list)(&join(&root, place.trim_end_matches('/'))) {
                    self.add_path(&path);
                }
            }
        }
    }

    /// A path from the repository root, else from the plan's folder.
    fn resolve(&mut self, path: &str) -> bool {
        let path = path.trim_start_matches("./");
        self.add_path(path) || self.add_path(&join(&self.folder, path))
    }
}

fn folder_of(source: &str) -> String {
    source
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder)
        .to_owned()
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::sample;

    const FILES: [&str; 9] = [
        "c/contracts/README.md",
        "c/contracts/generated/types.ts",
        "c/contracts/openapi/v1.yaml",
        "c/design.md",
        "c/proposal.md",
        "c/specs/auth/spec.md",
        "c/tasks.md",
        "c/work-packages.yaml",
        "db/schema.sql",
    ];

    fn paths_for(id: &str) -> Vec<String> {
        let read = |path: &str| FILES.contains(&path).then(|| format!("text of {path}"));
        let list = |folder: &str| {
            let below = |path: &&&str| path.starts_with(&format!("{folder}/"));
            FILES
                .iter()
                .filter(below)
                .map(|p| (*p).to_owned())
                .collect()
        };
        let sources = Sources {
            read: &read,
            list: &list,
        };
        let plan = sample::plan("c/work-packages.yaml");
        let parts = parts(&plan, "yaml", &sample::package(id), sources);
        parts.into_iter().map(|part| part.path).collect()
    }

    #[test]
    fn every_role_has_its_slice() {
        for (id, paths) in [
            (
                "wp-contracts",
                &[
                    "c/contracts/README.md",
                    "c/contracts/generated/types.ts",
                    "c/contracts/openapi/v1.yaml",
                    "db/schema.sql",
                    "c/proposal.md",
                    "c/specs/auth/spec.md",
                ][..],
            ),
            (
                "wp-backend",
                &[
                    "c/design.md",
                    "c/contracts/openapi/v1.yaml",
                    "db/schema.sql",
                ],
            ),
            (
                "wp-frontend",
                &["c/contracts/generated/types.ts", "c/design.md"],
            ),
            (
                "wp-integration",
                &[
                    "c/work-packages.yaml",
                    "c/contracts/openapi/v1.yaml",
                    "db/schema.sql",
                    "c/contracts/README.md",
                    "c/contracts/generated/types.ts",
                ],
            ),
            (
                "wp-main",
                &[
                    "c/tasks.md",
                    "c/design.md",
                    "c/proposal.md",
                    "c/contracts/openapi/v1.yaml",
                    "db/schema.sql",
                ],
            ),
        ] {
            assert_eq!(paths_for(id), paths, "{id}");
        }
    }
}

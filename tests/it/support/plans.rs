//! Plans as text, as small as the schema allows.

use super::Scratch;

/// One package of a plan.
pub(crate) struct Pkg {
    id: String,
    after: Vec<String>,
    write: Vec<String>,
    keys: Vec<String>,
    run: String,
    steps: Vec<String>,
    retries: u32,
    tier: char,
}

impl Pkg {
    /// A package that may write the folder of its own name and writes one file there.
    pub(crate) fn new(id: &str) -> Self {
        Pkg {
            id: id.to_owned(),
            after: Vec::new(),
            write: vec![format!("{id}/**")],
            keys: Vec::new(),
            run: format!("mkdir -p {id} && echo {id} > {id}/file"),
            steps: Vec::new(),
            retries: 0,
            tier: 'C',
        }
    }

    pub(crate) fn after(mut self, ids: &[&str]) -> Self {
        self.after = ids.iter().map(|id| (*id).to_owned()).collect();
        self
    }

    pub(crate) fn write(mut self, globs: &[&str]) -> Self {
        self.write = globs.iter().map(|glob| (*glob).to_owned()).collect();
        self
    }

    pub(crate) fn keys(mut self, keys: &[&str]) -> Self {
        self.keys = keys.iter().map(|key| (*key).to_owned()).collect();
        self
    }

    /// What the shell agent runs.
    pub(crate) fn run(mut self, script: &str) -> Self {
        script.clone_into(&mut self.run);
        self
    }

    /// Adds a verification command.
    pub(crate) fn check(mut self, name: &str, command: &str) -> Self {
        self.steps.push(format!(
            "        - name: {name}\n          kind: command\n          command: {}\n{EVIDENCE}",
            quoted(command)
        ));
        self
    }

    /// Adds a step for a person.
    pub(crate) fn manual(mut self, name: &str) -> Self {
        self.steps.push(format!(
            "        - name: {name}\n          kind: manual\n          manual_instructions: \
             look at it\n{EVIDENCE}"
        ));
        self
    }

    pub(crate) fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    pub(crate) fn tier(mut self, tier: char) -> Self {
        self.tier = tier;
        self
    }

    fn yaml(&self) -> String {
        let list = |items: &[String]| {
            let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
            format!("[{}]", items.join(", "))
        };
        let steps = match self.steps.is_empty() {
            true => format!(
                "        - name: noop\n          kind: command\n          command: \"true\"\n{EVIDENCE}"
            ),
            false => self.steps.concat(),
        };
        format!(
            "  - package_id: {id}\n    task_type: implement\n    description: do {id}\n    \
             depends_on: {after}\n    priority: 5\n    locks:\n      files: []\n      keys: {keys}\n    \
             scope:\n      write_allow: {write}\n      read_allow: [\"**\"]\n    worktree:\n      \
             name: {id}\n    timeout_minutes: 5\n    retry_budget: {retries}\n    \
             min_trust_level: 0\n    verification:\n      tier_required: {tier}\n      steps:\n{steps}    \
             inputs:\n      run: {run}\n    outputs:\n      result_keys: [\"done\"]\n",
            id = self.id,
            after = list(&self.after),
            keys = list(&self.keys),
            write = list(&self.write),
            retries = self.retries,
            tier = self.tier,
            run = quoted(&self.run),
        )
    }
}

const EVIDENCE: &str =
    "          evidence:\n            artifacts: []\n            result_keys: [\"done\"]\n";

/// The text of a plan.
pub(crate) fn plan(feature: &str, packages: &[Pkg]) -> String {
    let packages: String = packages.iter().map(Pkg::yaml).collect();
    format!(
        "schema_version: 1\nfeature:\n  id: {feature}\n  title: Do {feature}\n  plan_revision: 1\n\
         contracts:\n  revision: 1\npackages:\n{packages}"
    )
}

/// Where the plan of a change stands.
pub(crate) fn plan_path(feature: &str) -> String {
    format!("openspec/changes/{feature}/work-packages.yaml")
}

impl Scratch {
    /// Writes and commits a plan.
    pub(crate) fn add_plan(&self, feature: &str, packages: &[Pkg]) {
        self.write(&plan_path(feature), &plan(feature, packages));
        self.commit(&format!("plan {feature}"));
    }
}

fn quoted(text: &str) -> String {
    git_wp::base::json::line(text).unwrap()
}

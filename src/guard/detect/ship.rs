//! Deploying and publishing: what changes things outside of this machine.

use crate::guard::builtin::{Builtin, DEPLOY_COMMAND, PACKAGE_PUBLISH};
use crate::guard::call::Call;
use crate::guard::options::{Options, Spec};

/// A program and the first operands that make it deploy or publish.
type Verbs = (&'static str, &'static [&'static [&'static str]]);

const DEPLOYS: &[Verbs] = &[
    (
        "kubectl",
        &[
            &["apply"],
            &["delete"],
            &["create"],
            &["replace"],
            &["patch"],
            &["scale"],
            &["edit"],
            &["drain"],
            &["cordon"],
            &["set"],
            &["rollout", "restart"],
            &["rollout", "undo"],
            &["autoscale"],
            &["expose"],
            &["taint"],
        ],
    ),
    (
        "oc",
        &[
            &["apply"],
            &["delete"],
            &["create"],
            &["replace"],
            &["patch"],
            &["scale"],
        ],
    ),
    ("terraform", TERRAFORM),
    ("tofu", TERRAFORM),
    ("terragrunt", TERRAFORM),
    ("pulumi", &[&["up"], &["update"], &["destroy"], &["down"]]),
    (
        "docker",
        &[
            &["push"],
            &["image", "push"],
            &["compose", "push"],
            &["stack", "deploy"],
        ],
    ),
    ("podman", &[&["push"], &["image", "push"]]),
    ("docker-compose", &[&["push"]]),
    (
        "helm",
        &[
            &["install"],
            &["upgrade"],
            &["uninstall"],
            &["delete"],
            &["del"],
            &["un"],
            &["rollback"],
            &["push"],
        ],
    ),
    ("helmfile", &[&["apply"], &["sync"], &["destroy"]]),
    ("fly", &[&["deploy"], &["launch"]]),
    ("flyctl", &[&["deploy"], &["launch"]]),
    ("heroku", &[&["container:release"], &["container:push"]]),
    ("netlify", &[&["deploy"]]),
    (
        "wrangler",
        &[&["deploy"], &["publish"], &["pages", "deploy"]],
    ),
    ("firebase", &[&["deploy"]]),
    ("serverless", &[&["deploy"], &["remove"]]),
    ("sls", &[&["deploy"], &["remove"]]),
    ("cdk", &[&["deploy"], &["destroy"]]),
    ("sam", &[&["deploy"], &["delete"]]),
    ("eb", &[&["deploy"], &["terminate"]]),
    ("railway", &[&["up"]]),
    (
        "gcloud",
        &[
            &["app", "deploy"],
            &["run", "deploy"],
            &["functions", "deploy"],
        ],
    ),
    (
        "aws",
        &[
            &["cloudformation", "deploy"],
            &["cloudformation", "delete-stack"],
            &["s3", "rm"],
            &["s3", "rb"],
        ],
    ),
    ("ansible-playbook", &[&[]]),
];

const TERRAFORM: &[&[&str]] = &[
    &["apply"],
    &["destroy"],
    &["import"],
    &["taint"],
    &["state", "rm"],
    &["state", "mv"],
    &["run-all", "apply"],
    &["run-all", "destroy"],
];

const PUBLISHES: &[Verbs] = &[
    (
        "npm",
        &[&["publish"], &["pub"], &["unpublish"], &["deprecate"]],
    ),
    ("pnpm", &[&["publish"]]),
    ("yarn", &[&["publish"], &["npm", "publish"]]),
    ("bun", &[&["publish"]]),
    ("lerna", &[&["publish"]]),
    ("changeset", &[&["publish"]]),
    ("cargo", &[&["publish"], &["yank"]]),
    ("twine", &[&["upload"]]),
    ("poetry", &[&["publish"]]),
    ("uv", &[&["publish"]]),
    ("flit", &[&["publish"]]),
    ("hatch", &[&["publish"]]),
    ("pdm", &[&["publish"]]),
    ("gem", &[&["push"], &["publish"], &["yank"]]),
    ("mvn", &[&["deploy"]]),
    ("gradle", &[&["publish"]]),
    ("gradlew", &[&["publish"]]),
    ("nuget", &[&["push"]]),
    ("dotnet", &[&["nuget", "push"]]),
    ("vsce", &[&["publish"]]),
    ("ovsx", &[&["publish"]]),
    (
        "gh",
        &[
            &["release", "create"],
            &["release", "delete"],
            &["repo", "delete"],
        ],
    ),
    ("goreleaser", &[&["release"]]),
    ("semantic-release", &[&[]]),
];

/// Options with a value that may stand before the verb.
const VALUES: &[&str] = &[
    "namespace",
    "context",
    "kubeconfig",
    "cluster",
    "user",
    "host",
    "config",
    "profile",
    "region",
    "filter",
    "prefix",
    "workspace",
    "project",
    "log-level",
    "stack",
    "cwd",
    "dir",
    "manifest-path",
    "token",
    "registry",
    "kube-context",
    "inventory",
    "otp",
    "tag",
    "access",
];

/// Adds the rules that the command touches.
pub(super) fn detect(call: &Call, out: &mut Vec<Builtin>) {
    let spec = Spec::mixed(letters(&call.program), VALUES);
    let options = Options::read(call.args(), spec);
    if is_dry(call, &options) {
        return;
    }
    // `cargo +nightly publish`
    let words = options.words();
    let words: Vec<&str> = words
        .into_iter()
        .skip_while(|word| word.starts_with('+'))
        .collect();
    let is = |(program, verbs): &Verbs| {
        *program == call.program && verbs.iter().any(|verb| words.starts_with(verb))
    };
    let builds_and_pushes = matches!(call.program.as_str(), "docker" | "podman")
        && words.contains(&"build")
        && options.long("push", 4);
    let sync_deletes =
        call.program == "aws" && words.starts_with(&["s3", "sync"]) && options.long("delete", 6);
    let to_production = matches!(call.program.as_str(), "vercel" | "now")
        && (options.long("prod", 4) || words.first() == Some(&"deploy"));
    if DEPLOYS.iter().any(is) || builds_and_pushes || sync_deletes || to_production {
        out.push(DEPLOY_COMMAND);
    }
    if PUBLISHES.iter().any(is) {
        out.push(PACKAGE_PUBLISH);
    }
}

/// Letters of options with a value.
fn letters(program: &str) -> &'static str {
    match program {
        "kubectl" | "oc" | "helm" => "nflso",
        "docker" | "podman" | "nerdctl" | "docker-compose" => "cHlpf",
        "cargo" => "pZCj",
        "ansible-playbook" => "ielutMe",
        _ => "C",
    }
}

fn is_dry(call: &Call, options: &Options<'_>) -> bool {
    let off = |value: &str| matches!(value, "none" | "false");
    let values = options.values("", &["dry-run", "dryrun"]);
    let help = options.long("help", 4) || options.long("version", 7);
    let named = options.long("dry-run", 5) || options.long("dryrun", 6);
    let check = call.program == "ansible-playbook"
        && (options.long("check", 5) || options.long("syntax-check", 12));
    let short = options.short('n') && matches!(call.program.as_str(), "cargo" | "rsync");
    let goreleaser = call.program == "goreleaser" && options.long("snapshot", 8);
    help || check || short || goreleaser || (named && !values.iter().any(|value| off(value)))
}

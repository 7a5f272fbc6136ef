//! What was written in work-packages.yaml as the model that the rest of the program uses.
//!
//! Defaults are inherited here, once: the package's own value, else the plan's, else ours.

use crate::base::json;
use crate::base::{FeatureId, PackageId};
use crate::model::contract::{Contract, ContractKind, Contracts};
use crate::model::package::{Locks, Outputs, Worktree, WorktreeMode};
use crate::model::verification::{Step, StepKind, Tier, Verification};
use crate::model::{Edge, EdgeOrigin, Feature, LockKey, Package, ScopeMode, ScopeSpec};
use crate::plan::schema::{ContractsForm, Defaults, FeatureForm, PackageForm};
use crate::plan::schema_parts::{
    CiForm, Decomposition, LocksForm, OutputsForm, Provider, ScopeForm, StepForm, StepKindForm,
    VerificationForm, WorktreeForm, WorktreeModeForm,
};
use crate::plan::schema_words::{FilePath, Glob, ResultKey, TierForm};

/// 1 (most urgent) to 10.
pub(super) const PRIORITY: u8 = 5;
/// Lease of locks in minutes.
pub(super) const LOCK_TTL_MINUTES: u32 = 120;
/// Wall-clock limit of an attempt in minutes.
pub(super) const TIMEOUT_MINUTES: u32 = 60;
/// Attempts after the first.
pub(super) const RETRY_BUDGET: u32 = 1;
/// 0 to 4.
pub(super) const MIN_TRUST_LEVEL: u8 = 2;

/// The header; `None` without an id that can name a feature.
pub(super) fn feature(form: FeatureForm) -> Option<Feature> {
    Some(Feature {
        id: FeatureId::parse(&form.id?)?,
        title: form.title,
        plan_revision: form.plan_revision.unwrap_or(1),
        created_by: form.created_by,
        created_at: form.created_at,
    })
}

/// The contracts, each file once, in order of appearance.
pub(super) fn contracts(form: ContractsForm) -> Contracts {
    let openapi = form.openapi.unwrap_or_default();
    let generated = form.generated.unwrap_or_default();
    let prism = form.mocks.unwrap_or_default().prism.unwrap_or_default();
    let pact = form.cdc.unwrap_or_default().pact.unwrap_or_default();
    let mocked = prism.enabled.unwrap_or(true);
    let pacted = pact.enabled.unwrap_or(false);
    let primary = openapi.primary.map(|path| path.0);
    let documents = primary
        .clone()
        .into_iter()
        .chain(strings(openapi.files, |p: FilePath| p.0));
    let mut files: Vec<Contract> = Vec::new();
    let openapi = documents.map(|path| (openapi_kind(&path), path));
    let others = form.files.unwrap_or_default().into_iter();
    let others = others.filter_map(|file| Some((file.kind?, file.path?.0)));
    for (kind, path) in openapi.chain(others) {
        if !files.iter().any(|file| file.path == path) {
            files.push(Contract { path, kind });
        }
    }
    Contracts {
        revision: form.revision.unwrap_or(1),
        primary,
        files,
        generated_pydantic: generated.pydantic_dir.map(|path| path.0),
        generated_typescript: generated.typescript_dir.map(|path| path.0),
        mock_command: prism.command.filter(|_| mocked),
        mock_base_url: prism.base_url.filter(|_| mocked),
        pact_broker: pact.broker_url.filter(|_| pacted),
        pact_consumer_dir: pact.consumer_dir.map(|path| path.0).filter(|_| pacted),
    }
}

/// What an entry of the `openapi` block is: prose is listed there too, for want of another place.
pub(super) fn openapi_kind(path: &str) -> ContractKind {
    let lower = path.to_lowercase();
    if [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| lower.ends_with(end))
    {
        ContractKind::Openapi
    } else {
        ContractKind::None
    }
}

/// One package; `None` without an id that can name one.
pub(super) fn package(form: PackageForm, defaults: &Defaults) -> Option<Package> {
    let id = PackageId::parse(&form.package_id?.0)?;
    let depends_on = form.depends_on.unwrap_or_default();
    let edges = depends_on
        .iter()
        .filter_map(|name| PackageId::parse(&name.0));
    let scope = scope(form.scope);
    Some(Package {
        id,
        title: form.title,
        task_type: form.task_type.unwrap_or_default(),
        description: form.description.unwrap_or_default(),
        role: form.role,
        priority: form.priority.or(defaults.priority).unwrap_or(PRIORITY),
        archetype: form.archetype,
        depends_on: edges
            .map(|on| Edge {
                on,
                origin: EdgeOrigin::Field,
            })
            .collect(),
        locks: locks(form.locks.unwrap_or_default(), defaults),
        scope,
        worktree: worktree(form.worktree.unwrap_or_default()),
        timeout_minutes: form
            .timeout_minutes
            .or(defaults.timeout_minutes)
            .unwrap_or(TIMEOUT_MINUTES),
        retry_budget: form
            .retry_budget
            .or(defaults.retry_budget)
            .unwrap_or(RETRY_BUDGET),
        min_trust_level: form
            .min_trust_level
            .or(defaults.min_trust_level)
            .unwrap_or(MIN_TRUST_LEVEL),
        verification: verification(form.verification.unwrap_or_default(), defaults),
        inputs: form.inputs.unwrap_or_default(),
        outputs: outputs(form.outputs.unwrap_or_default()),
        metadata: match form.metadata.map(|m| json::value(&m)) {
            Some(Ok(json::Value::Object(map))) => map,
            _ => json::Map::new(),
        },
        decomposition: form.decomposition.map(|d| match d {
            Decomposition::Stacked => "stacked".to_owned(),
            Decomposition::Branch => "branch".to_owned(),
        }),
        stack_position: form.stack_position,
        context_impact: form.context_impact.and_then(|c| json::value(&c).ok()),
        listing: None,
    })
}

fn locks(form: LocksForm, defaults: &Defaults) -> Locks {
    let ttl = form.ttl_minutes.or(defaults.lock_ttl_minutes);
    Locks {
        files: strings(form.files, |path: FilePath| path.0),
        keys: strings(form.keys, |key| key.0)
            .iter()
            .map(|k| LockKey::unchecked(k))
            .collect(),
        ttl_minutes: ttl.unwrap_or(LOCK_TTL_MINUTES),
        reason: form.reason,
    }
}

/// A scope that is not declared means everything, alone; a declared empty one means nothing.
fn scope(form: Option<ScopeForm>) -> ScopeSpec {
    let Some(form) = form else {
        return ScopeSpec {
            write_allow: vec!["**".to_owned()],
            read_allow: vec!["**".to_owned()],
            deny: Vec::new(),
            mode: ScopeMode::Open,
        };
    };
    ScopeSpec {
        write_allow: strings(form.write_allow, |glob: Glob| glob.0),
        read_allow: strings(form.read_allow, |glob: Glob| glob.0),
        deny: strings(form.deny, |glob: Glob| glob.0),
        mode: ScopeMode::Strict,
    }
}

fn worktree(form: WorktreeForm) -> Worktree {
    Worktree {
        name: form.name,
        mode: match form.mode {
            None | Some(WorktreeModeForm::Isolated) => WorktreeMode::Isolated,
            Some(WorktreeModeForm::Shared) => WorktreeMode::Shared,
        },
    }
}

fn verification(form: VerificationForm, defaults: &Defaults) -> Verification {
    let tier = form.tier_required.or(defaults.verification_tier_required);
    Verification {
        tier: match tier {
            None | Some(TierForm::A) => Tier::A,
            Some(TierForm::B) => Tier::B,
            Some(TierForm::C) => Tier::C,
        },
        steps: form
            .steps
            .unwrap_or_default()
            .into_iter()
            .filter_map(step)
            .collect(),
    }
}

/// A step; `None` if it is too broken to be shown, which the schema has reported.
fn step(form: StepForm) -> Option<Step> {
    let kind = match form.kind? {
        StepKindForm::Command => StepKind::Command {
            command: form.command?,
            cwd: form.cwd.map(|path| path.0),
            env: form.env.unwrap_or_default(),
            expect_exit_code: form.expect_exit_code.unwrap_or(0),
        },
        StepKindForm::Ci => ci(form.ci?),
        StepKindForm::Manual => StepKind::Manual {
            instructions: form.manual_instructions?,
        },
    };
    let evidence = form.evidence.unwrap_or_default();
    Some(Step {
        name: form.name.unwrap_or_else(|| kind.as_str().to_owned()),
        kind,
        artifacts: strings(evidence.artifacts, |path: FilePath| path.0),
        result_keys: strings(evidence.result_keys, |key: ResultKey| key.0),
    })
}

fn ci(form: CiForm) -> StepKind {
    StepKind::Ci {
        provider: match form.provider {
            None | Some(Provider::Github) => "github".to_owned(),
            Some(Provider::Other) => "other".to_owned(),
        },
        workflow: form.workflow,
        required_checks: form.required_checks.unwrap_or_default(),
    }
}

fn outputs(form: OutputsForm) -> Outputs {
    Outputs {
        result_keys: strings(form.result_keys, |key: ResultKey| key.0),
        artifacts: strings(form.artifacts, |path: FilePath| path.0),
    }
}

fn strings<T>(list: Option<Vec<T>>, text: impl Fn(T) -> String) -> Vec<String> {
    list.unwrap_or_default().into_iter().map(text).collect()
}

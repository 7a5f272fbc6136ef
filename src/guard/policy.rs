//! Who may do what: operations, trust, profiles. What nobody knows is not allowed, and every
//! answer says why.

use serde::Serialize;

use crate::guard::rules::Consent;
use crate::model::Trust;
use crate::model::guard::{PolicySettings, ProfileSettings};

/// What sort of thing an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// It changes nothing.
    Read,
    /// It changes what the actor itself works on.
    Write,
    /// It changes what others work on or see.
    Admin,
    /// It stands for a person's judgement.
    Person,
}

impl Class {
    /// The least trust that may do it.
    pub fn needs(self) -> Trust {
        match self {
            Class::Read => Trust::LIMITED,
            Class::Write => Trust::STANDARD,
            Class::Admin => Trust::ELEVATED,
            Class::Person => Trust::PERSON,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Class::Read => "reads",
            Class::Write => "writes",
            Class::Admin => "changes what others work on",
            Class::Person => "is a person's decision",
        }
    }
}

/// An operation: the verb here, and what it is called elsewhere.
struct Operation {
    name: &'static str,
    class: Class,
    others: &'static [&'static str],
}

const fn op(name: &'static str, class: Class, others: &'static [&'static str]) -> Operation {
    Operation {
        name,
        class,
        others,
    }
}

const OPERATIONS: &[Operation] = &[
    op(
        "status",
        Class::Read,
        &["get_train_status", "get_feature", "list_active_features"],
    ),
    op("why", Class::Read, &[]),
    op("watch", Class::Read, &[]),
    op("report", Class::Read, &[]),
    op("log", Class::Read, &[]),
    op(
        "validate",
        Class::Read,
        &["scope_check", "validate_cedar_policy"],
    ),
    op("graph", Class::Read, &["analyze_feature_conflicts"]),
    op(
        "features",
        Class::Read,
        &["get_merge_queue", "get_next_merge"],
    ),
    op("plan", Class::Read, &[]),
    op("doctor", Class::Read, &[]),
    op("prime", Class::Read, &["get_my_profile"]),
    op("prompt", Class::Read, &[]),
    op("capabilities", Class::Read, &[]),
    op("help", Class::Read, &[]),
    op("hooks_status", Class::Read, &[]),
    op("task_show", Class::Read, &["get_task"]),
    op("task_list", Class::Read, &[]),
    op("lock_list", Class::Read, &["check_locks"]),
    op("agents", Class::Read, &["discover_agents"]),
    op("handoff_read", Class::Read, &["read_handoff"]),
    op("recall", Class::Read, &[]),
    op("guard_check", Class::Read, &["check_guardrails"]),
    op("guard_rules", Class::Read, &[]),
    op(
        "policy_check",
        Class::Read,
        &["check_policy", "list_policy_versions"],
    ),
    op("audit", Class::Read, &["query_audit"]),
    op("approval_check", Class::Read, &["check_approval"]),
    op("task_submit", Class::Write, &["submit_work"]),
    // It takes a task away from everybody else.
    op("task_claim", Class::Write, &["get_work"]),
    op("task_complete", Class::Write, &["complete_work"]),
    op("task_release", Class::Write, &[]),
    op("lock_acquire", Class::Write, &["acquire_lock"]),
    op("lock_release", Class::Write, &["release_lock"]),
    op(
        "agents_register",
        Class::Write,
        &["register_session", "heartbeat", "report_status"],
    ),
    op("handoff_write", Class::Write, &["write_handoff"]),
    op("remember", Class::Write, &[]),
    op(
        "escalate",
        Class::Write,
        &["request_scope", "request_approval", "request_permission"],
    ),
    op("review", Class::Write, &["report_spec_result"]),
    op("gate", Class::Write, &["run_pre_merge_checks"]),
    op("init", Class::Write, &["register_feature"]),
    op("sync", Class::Write, &[]),
    op("task_cancel", Class::Admin, &[]),
    op("implement", Class::Admin, &[]),
    op("work", Class::Admin, &[]),
    op("pause", Class::Admin, &[]),
    op("resume", Class::Admin, &[]),
    op("cancel", Class::Admin, &["deregister_feature"]),
    op("adopt", Class::Admin, &[]),
    op(
        "merge",
        Class::Admin,
        &[
            "enqueue_merge",
            "mark_merged",
            "compose_train",
            "eject_from_train",
        ],
    ),
    op("pr", Class::Admin, &[]),
    op("push", Class::Admin, &["force_push"]),
    op(
        "cleanup",
        Class::Admin,
        &["cleanup_agents", "cleanup_dead_agents", "delete_branch"],
    ),
    op("compact", Class::Admin, &[]),
    op("hooks_install", Class::Admin, &[]),
    op("hooks_uninstall", Class::Admin, &["rollback_policy"]),
    op("approve", Class::Person, &[]),
    op("trust", Class::Person, &[]),
    op("decide", Class::Person, &[]),
    op("evidence", Class::Person, &[]),
    op("eject", Class::Person, &[]),
];

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask<'a> {
    /// A verb, `task claim` or `task_claim`, or the name another system has for it.
    pub operation: &'a str,
    /// What it is done to; only said in the answer.
    pub resource: &'a str,
    /// Who asks.
    pub trust: Trust,
    /// The profile of who asks; the one called `default` where there is none of that name.
    pub profile: &'a str,
    /// The number of files that are changed, where that is known.
    pub files: Option<u32>,
}

/// The answer, and why. The shape is a contract: `policy check --json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// The operation as it is called here.
    pub operation: String,
    /// What it is done to.
    pub resource: String,
    /// What sort of thing it is; none if nobody knows it.
    pub class: Option<Class>,
    /// Why, for people.
    pub reason: String,
    /// What decided.
    pub rule: Rule,
    /// The least trust that may do it; none where trust does not help.
    pub needs_trust: Option<Trust>,
    /// The trust of who asked.
    pub has_trust: Trust,
    /// The profile that was looked at; none if there is no such profile.
    pub profile: Option<String>,
}

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The trust is high enough.
    Trust,
    /// The profile names the operation.
    ProfileAllows,
    /// The trust is too low.
    TrustTooLow,
    /// The profile forbids the operation.
    ProfileBlocks,
    /// The profile names operations, and not this one.
    ProfileOmits,
    /// More files than the profile permits.
    TooManyFiles,
    /// Nobody knows the operation.
    UnknownOperation,
}

impl Rule {
    /// The word in JSON and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Trust => "trust",
            Rule::ProfileAllows => "profile-allows",
            Rule::TrustTooLow => "trust-too-low",
            Rule::ProfileBlocks => "profile-blocks",
            Rule::ProfileOmits => "profile-omits",
            Rule::TooManyFiles => "too-many-files",
            Rule::UnknownOperation => "unknown-operation",
        }
    }
}

/// The profiles that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    settings: PolicySettings,
    consent: Consent,
}

impl Policy {
    /// Profiles restrict in any case; what they add needs a person's yes to `wp.toml`.
    pub fn new(settings: PolicySettings, consent: Consent) -> Self {
        Policy { settings, consent }
    }

    fn profile(&self, name: &str) -> Option<(&String, &ProfileSettings)> {
        let profiles = &self.settings.profiles;
        profiles
            .get_key_value(name)
            .or_else(|| profiles.get_key_value("default"))
    }
}

/// Decides. Total.
pub fn decide(policy: &Policy, ask: &Ask<'_>) -> Decision {
    let wanted = plain(ask.operation);
    let known = OPERATIONS
        .iter()
        .find(|op| op.name == wanted || op.others.contains(&wanted.as_str()));
    let profile = policy.profile(ask.profile);
    let (rule, reason) = ruling(policy, ask, (&wanted, known), profile);
    let trust_decides = matches!(rule, Rule::Trust | Rule::TrustTooLow);
    Decision {
        allowed: matches!(rule, Rule::Trust | Rule::ProfileAllows),
        operation: known.map_or(wanted.clone(), |op| op.name.to_owned()),
        resource: ask.resource.to_owned(),
        class: known.map(|op| op.class),
        reason,
        rule,
        needs_trust: known.map(|op| op.class.needs()).filter(|_| trust_decides),
        has_trust: ask.trust,
        profile: profile.map(|(name, _)| name.clone()),
    }
}

fn ruling(
    policy: &Policy,
    ask: &Ask<'_>,
    (wanted, known): (&str, Option<&Operation>),
    profile: Option<(&String, &ProfileSettings)>,
) -> (Rule, String) {
    let named = |list: &[String]| {
        let mut names = list.iter().map(|name| plain(name));
        names.any(|name| name == wanted || known.is_some_and(|op| is_called(op, &name)))
    };
    let allowed = profile.is_some_and(|(_, profile)| named(&profile.allowed));
    if let Some((name, profile)) = profile {
        if named(&profile.blocked) {
            return (Rule::ProfileBlocks, format!("profile `{name}` forbids it"));
        }
        if !profile.allowed.is_empty() && !allowed {
            return (
                Rule::ProfileOmits,
                format!("profile `{name}` allows other operations only"),
            );
        }
        if let (Some(most), Some(files)) = (profile.max_files, ask.files)
            && files > most
        {
            let reason = format!("profile `{name}` permits {most} files, and these are {files}");
            return (Rule::TooManyFiles, reason);
        }
    }
    let Some(known) = known else {
        let added = allowed && policy.consent == Consent::Given && ask.trust > Trust::NONE;
        return match added {
            true => (Rule::ProfileAllows, "the profile names it".to_owned()),
            false => (
                Rule::UnknownOperation,
                "nobody knows this operation, and what is not known is not allowed".to_owned(),
            ),
        };
    };
    let (needs, words) = (known.class.needs(), known.class.words());
    match ask.trust >= needs {
        true => (Rule::Trust, format!("it {words}: trust {needs} is enough")),
        false => (
            Rule::TrustTooLow,
            format!(
                "it {words}: that needs trust {needs}, and this is {}",
                ask.trust
            ),
        ),
    }
}

fn is_called(op: &Operation, name: &str) -> bool {
    op.name == name || op.others.contains(&name)
}

/// `task claim`, `task.claim` and `task-claim` are `task_claim`.
fn plain(name: &str) -> String {
    let part = |c: char| match c {
        c if c.is_alphanumeric() => c.to_ascii_lowercase(),
        _ => '_',
    };
    name.trim().chars().take(128).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(consent: Consent) -> Policy {
        let profile = |allowed: &[&str], blocked: &[&str], max_files| ProfileSettings {
            allowed: allowed.iter().map(|s| (*s).to_owned()).collect(),
            blocked: blocked.iter().map(|s| (*s).to_owned()).collect(),
            max_files,
        };
        let mut settings = PolicySettings::default();
        let reviewer = profile(&["status", "review", "get_work"], &[], Some(0));
        settings.profiles.insert("reviewer".to_owned(), reviewer);
        let ops = profile(&["rotate logs", "sync"], &[], None);
        settings.profiles.insert("ops".to_owned(), ops);
        let quiet = profile(&[], &["write_handoff"], None);
        settings.profiles.insert("quiet".to_owned(), quiet);
        Policy::new(settings, consent)
    }

    fn ask(operation: &str, trust: Trust, profile: &str) -> Decision {
        let ask = Ask {
            operation,
            resource: "",
            trust,
            profile,
            files: None,
        };
        decide(&policy(Consent::Given), &ask)
    }

    #[test]
    fn every_class_needs_its_trust() {
        for (operation, needs) in [
            ("status", Trust::LIMITED),
            ("check_locks", Trust::LIMITED),
            ("query_audit", Trust::LIMITED),
            ("acquire_lock", Trust::STANDARD),
            ("lock acquire", Trust::STANDARD),
            ("remember", Trust::STANDARD),
            ("sync", Trust::STANDARD),
            ("cleanup", Trust::ELEVATED),
            ("force_push", Trust::ELEVATED),
            ("rollback_policy", Trust::ELEVATED),
            ("merge", Trust::ELEVATED),
            ("approve", Trust::PERSON),
        ] {
            for level in 0..=4 {
                let trust = Trust::new(level).unwrap();
                let decision = ask(operation, trust, "");
                assert_eq!(decision.allowed, trust >= needs, "{operation} {level}");
                assert_eq!(decision.needs_trust, Some(needs));
                assert!(!decision.reason.is_empty());
            }
        }
    }

    #[test]
    fn taking_work_is_a_write_and_checking_is_a_read() {
        assert!(!ask("get_work", Trust::LIMITED, "").allowed);
        assert_eq!(ask("get_work", Trust::STANDARD, "").operation, "task_claim");
        assert!(ask("check_guardrails", Trust::LIMITED, "").allowed);
    }

    #[test]
    fn what_nobody_knows_is_not_allowed_even_to_a_person() {
        let decision = ask("launch", Trust::PERSON, "");
        assert_eq!(
            (decision.allowed, decision.rule),
            (false, Rule::UnknownOperation)
        );
        assert_eq!((decision.class, decision.needs_trust), (None, None));
    }

    #[test]
    fn profiles_restrict_and_with_consent_add() {
        for (operation, profile, rule) in [
            ("review", "reviewer", Rule::Trust),
            ("task claim", "reviewer", Rule::Trust),
            ("sync", "reviewer", Rule::ProfileOmits),
            ("handoff write", "quiet", Rule::ProfileBlocks),
            ("sync", "quiet", Rule::Trust),
            ("rotate-logs", "ops", Rule::ProfileAllows),
        ] {
            assert_eq!(
                ask(operation, Trust::STANDARD, profile).rule,
                rule,
                "{operation}"
            );
        }
        assert!(!ask("rotate-logs", Trust::NONE, "ops").allowed);
        let unasked = Ask {
            operation: "rotate-logs",
            resource: "",
            trust: Trust::PERSON,
            profile: "ops",
            files: None,
        };
        let decision = decide(&policy(Consent::Missing), &unasked);
        assert_eq!(decision.rule, Rule::UnknownOperation);
        let many = Ask {
            operation: "review",
            files: Some(1),
            profile: "reviewer",
            ..unasked
        };
        assert_eq!(
            decide(&policy(Consent::Given), &many).rule,
            Rule::TooManyFiles
        );
    }

    #[test]
    fn no_name_means_two_operations() {
        let mut names = std::collections::BTreeSet::new();
        for op in OPERATIONS {
            for name in [op.name].iter().chain(op.others) {
                assert!(names.insert(*name), "{name}");
                assert_eq!(plain(name), *name);
            }
        }
    }
}

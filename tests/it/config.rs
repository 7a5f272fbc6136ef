//! Settings from real repositories.

use git_wp::config::{self, Environment};
use git_wp::model::Durability;

use crate::support::Scratch;

#[test]
fn variables_win_over_git_config_and_wp_toml_is_read_from_the_checkout() {
    let scratch = Scratch::new();
    scratch.git(&["config", "wp.jobs", "2"]);
    scratch.git(&["config", "wp.durability", "fast"]);
    scratch.git(&["config", "wp.typo", "x"]);
    scratch.write("wp.toml", "[locks]\nnamespaces = [\"queue\"]\n");
    let env = [("GIT_WP_JOBS", "7"), ("GIT_WP_TYPO", "x"), ("HOME", "/")];
    let env = Environment::from_iter(env);
    let loaded = config::load(&scratch.repo(), &env).unwrap();
    assert_eq!(loaded.settings.jobs, Some(7));
    assert_eq!(loaded.settings.durability, Durability::Fast);
    assert_eq!(loaded.settings.project.locks.namespaces, ["queue"]);
    assert_eq!(loaded.unknown, ["wp.typo", "GIT_WP_TYPO"]);
    assert!(loaded.project_file.is_some());
}

#[test]
fn a_bare_repository_has_its_wp_toml_at_head() {
    let scratch = Scratch::new();
    scratch.write("wp.toml", "[verify]\nfinal = [\"true\"]\n");
    scratch.commit("settings");
    let bare = scratch.beside("bare");
    scratch.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let bare = git_wp::git::Repo::discover(&bare).unwrap();
    let loaded = config::load(&bare, &Environment::default()).unwrap();
    assert_eq!(loaded.settings.project.verify.final_commands, ["true"]);
}

#[test]
fn a_linked_wp_toml_is_not_followed() {
    let scratch = Scratch::new();
    std::os::unix::fs::symlink("/etc/hostname", scratch.path().join("wp.toml")).unwrap();
    assert!(config::load(&scratch.repo(), &Environment::default()).is_err());
}

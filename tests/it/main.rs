//! The one integration test binary; a file per verb and per concern.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agent_moves;
mod agent_zoo;
mod cli_adopt;
mod cli_after;
mod cli_approve;
mod cli_frame;
mod cli_implement;
mod cli_init;
mod cli_locks;
mod cli_plan;
mod cli_readme;
mod cli_sync;
mod cli_task;
mod cli_words;
mod cli_work;
mod config;
mod doctor_damage;
mod engine_run;
mod examples;
mod fuzz_readers;
mod gate_attacks;
mod git_cmd;
mod git_objects;
mod git_refs;
mod git_remote;
mod git_worktree;
mod hooks;
mod os_locks;
mod plan_corpus;
mod plan_fields;
mod plan_rules;
mod plan_schemas;
mod replicas;
mod room_create;
mod room_keep;
mod room_watch;
mod sim;
mod store_basics;
mod store_crowd;
mod store_damage;
mod support;
mod sync_store;
mod tidy;
mod verify_steps;

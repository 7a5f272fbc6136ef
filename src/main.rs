//! The program: parse, dispatch, print the answer or the error, leave with one exit code.

use std::{env, panic, process};

use git_wp::base::ExitCode;
use git_wp::commands::{self, Ui};

fn main() -> process::ExitCode {
    let argv: Vec<_> = env::args_os().collect();
    let mut ui = Ui::new(&argv);
    let last_words = Ui::new(&argv);
    panic::set_hook(Box::new(move |panic| {
        last_words.panicked(panic);
        process::exit(ExitCode::Bug as i32);
    }));
    let here = env::current_dir().unwrap_or_else(|_| ".".into());
    let code = match commands::run(argv, here, &mut ui) {
        Ok(answer) => ui.answer(answer),
        Err(error) => ui.fail(&error),
    };
    process::ExitCode::from(code as u8)
}

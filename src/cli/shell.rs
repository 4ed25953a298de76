//! `scorekeeper completions SHELL` and `scorekeeper man`: what a shell and `man` want to know of the command line, on stdout.

use clap::Command;
use clap_complete::Shell as Known;

use super::{Failure, print};

/// The shells that are known.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script by which a shell completes commands.
pub(super) fn completions(mut command: Command, shell: Shell) -> Result<(), Failure> {
    let known = match shell {
        Shell::Bash => Known::Bash,
        Shell::Zsh => Known::Zsh,
        Shell::Fish => Known::Fish,
    };
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(known, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual: the page of the program, and one for each of its commands below it.
pub(super) fn manual(command: Command) -> Result<(), Failure> {
    let mut command = command.disable_help_subcommand(true);
    // An argument is shown as it is only after this.
    command.build();
    let mut page = Vec::new();
    write(&command, &mut page).map_err(Failure::failed)?;
    print(&String::from_utf8_lossy(&page))
}

/// One page for all: the commands are sections of it, so that `man` shows everything at once.
fn write(command: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let whole = clap_mangen::Man::new(command.clone());
    whole.render_title(page)?;
    whole.render_name_section(page)?;
    whole.render_synopsis_section(page)?;
    whole.render_description_section(page)?;
    whole.render_options_section(page)?;
    commands(command, command.get_name(), page)
}

/// The sections of the commands below one, each with its options and arguments.
fn commands(command: &Command, name: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    for inner in command.get_subcommands() {
        let name = format!("{name} {}", inner.get_name());
        let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
        page.extend(format!(".SH \"{}\"\n{}\n", name.to_uppercase(), escaped(&about)).bytes());
        for argument in inner.get_arguments().filter(|argument| !argument.is_hide_set()) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            page.extend(format!(".TP\n\\fB{}\\fR\n{}\n", escaped(&argument.to_string()), escaped(&help)).bytes());
        }
        commands(inner, &name, page)?;
    }
    Ok(())
}

/// A text as troff reads it: a backslash and a hyphen mean themselves, and no line begins with a command.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

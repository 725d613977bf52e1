//! `sansgram completions` and `sansgram man`: what the tree of commands says about itself.

use std::fs;
use std::io;
use std::path::Path;

use clap_mangen::Man;

use crate::args::{self, CompletionsArgs, ManArgs};
use crate::failure::Failure;
use crate::output;

const NAME: &str = "sansgram";

/// `sansgram completions`.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::tree(), NAME, &mut script);
    output::text(&script)
}

/// `sansgram man`.
pub(crate) fn man(args: &ManArgs) -> Result<(), Failure> {
    // A page for "help" would have nothing to say.
    let mut tree = args::tree().disable_help_subcommand(true);
    tree.build();
    match &args.output {
        None => output::text(&page(&tree, NAME).map_err(|error| Failure::new(error.to_string()))?),
        Some(directory) => pages(&tree, NAME, directory).map_err(|error| {
            Failure::new(format!("the man pages cannot be written to {}: {error}", directory.display()))
        }),
    }
}

/// Writes `NAME.1`, and `NAME-COMMAND.1` for what lies below.
fn pages(command: &clap::Command, name: &str, directory: &Path) -> io::Result<()> {
    fs::write(directory.join(format!("{name}.1")), page(command, name)?)?;
    for below in command.get_subcommands() {
        pages(below, &format!("{name}-{}", below.get_name()), directory)?;
    }
    Ok(())
}

fn page(command: &clap::Command, name: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let source = concat!("sansgram ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).title(name.to_owned()).section("1").source(source);
    man.manual("Sansgram manual").render(&mut page)?;
    Ok(page)
}

//! The arguments of `query` in an order that needs no guessing: a query may begin with `-` as an option does.

use std::ffi::OsString;

use clap::{Arg, Command};

/// The same arguments with the options of `query` first, then `--`, then EXPR and the files. What begins with one `-` and
/// is no option of `query` is the EXPR, if none stands before it; what begins with `--` is always an option.
/// Other commands' arguments stay as they are.
pub fn in_order(args: impl IntoIterator<Item = OsString>, cli: &Command) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let is_query = args.get(1).is_some_and(|command| command == "query");
    let Some(query) = cli.find_subcommand("query").filter(|_| is_query) else { return args };
    let mut rest = args.split_off(2).into_iter();
    let mut positional = Vec::new();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            positional.extend(rest.by_ref());
        } else if is_option(&arg, query, positional.is_empty()) {
            let takes_next = takes_next(&arg, query);
            args.push(arg);
            args.extend(takes_next.then(|| rest.next()).flatten());
        } else {
            positional.push(arg);
        }
    }
    if !positional.is_empty() {
        args.push("--".into());
        args.extend(positional);
    }
    args
}

fn is_option(arg: &OsString, query: &Command, may_be_expr: bool) -> bool {
    let Some(text) = arg.to_str().and_then(|text| text.strip_prefix('-')).filter(|text| !text.is_empty()) else {
        return false;
    };
    let mut chars = text.chars();
    let short = chars.next().filter(|&c| c != '-');
    let Some(short) = short else { return true };
    let rest = chars.as_str();
    let is_short = match query.get_arguments().find(|option| option.get_short() == Some(short)) {
        // With its value in the same word: all of them are numbers.
        Some(option) if takes_value(option) => {
            let value = rest.strip_prefix('=').unwrap_or(rest);
            rest.is_empty() || (!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()))
        }
        Some(_) => rest.is_empty(),
        // Clap adds this one itself.
        None => text == "h",
    };
    is_short || !may_be_expr
}

/// Whether the option's value is the next argument.
fn takes_next(arg: &OsString, query: &Command) -> bool {
    let Some(text) = arg.to_str() else { return false };
    let named = |option: &&Arg| match text.strip_prefix("--") {
        Some(long) => option.get_long() == Some(long),
        None => {
            text.strip_prefix('-').is_some_and(|short| option.get_short().map(String::from).as_deref() == Some(short))
        }
    };
    query.get_arguments().find(named).is_some_and(takes_value)
}

fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn a_query_may_begin_like_an_option() {
        for (args, expected) in [
            ("query a f", "query -- a f"),
            ("query -health f", "query -- -health f"),
            ("query -health --count f", "query --count -- -health f"),
            ("query a f --count", "query --count -- a f"),
            ("query -A 2 -B3 -C=4 -Apple f", "query -A 2 -B3 -C=4 -- -Apple f"),
            ("query --max-count 1 -x f g", "query --max-count 1 -- -x f g"),
            ("query --max-count=1 -x f g", "query --max-count=1 -- -x f g"),
            ("query --format json -- --count f", "query --format json -- --count f"),
            ("query a - --follow", "query --follow -- a -"),
            ("query a -x f", "query -x -- a f"),
            ("query -h", "query -h"),
            ("query --help", "query --help"),
            ("query --cuont a f", "query --cuont -- a f"),
            ("query", "query"),
            ("query -5 f", "query -- -5 f"),
            ("serve -x f", "serve -x f"),
            ("-x query f", "-x query f"),
        ] {
            let args = std::iter::once("taillight").chain(args.split(' ')).map(OsString::from);
            let ordered = in_order(args, &Cli::command());
            let ordered: Vec<_> = ordered.iter().skip(1).map(|arg| arg.to_string_lossy()).collect();
            assert_eq!(ordered.join(" "), expected);
        }
    }
}

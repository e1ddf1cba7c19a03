//! `config check` and `config show`.

use super::{Failure, print};
use crate::catalog::Catalog;
use crate::config::{Config, ConfigError, Sources};

/// Says whether a server could start with these settings.
pub fn check(sources: &Sources) -> Result<(), Failure> {
    let config = opened(Config::load(sources), sources)?;
    let roots = match config.count_roots() {
        1 => "1 root".to_owned(),
        n_roots => format!("{n_roots} roots"),
    };
    let mut text = format!("the configuration is right: {roots}, listening on {}\n", config.listen);
    for warning in &config.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    print(text.as_bytes())
}

/// Prints a table of all settings.
pub fn show(sources: &Sources) -> Result<(), Failure> {
    let config = opened(Config::load_to_show(sources), sources)?;
    let width = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let keys = width(&mut config.shown.iter().map(|shown| &shown.key));
    let values = width(&mut config.shown.iter().map(|shown| &shown.value));
    let rows = config.shown.iter().map(|row| format!("{:keys$}  {:values$}  {}\n", row.key, row.value, row.origin));
    print(rows.collect::<String>().as_bytes())
}

/// The settings, when their roots can be opened too.
fn opened(loaded: Result<Config, ConfigError>, sources: &Sources) -> Result<Config, Failure> {
    let config = loaded.map_err(|err| Failure::settings(err, sources))?;
    match Catalog::new(&config.roots) {
        Ok(_) => Ok(config),
        Err(err) => Err(Failure::settings(ConfigError { problems: vec![err.to_string()] }, sources)),
    }
}

//! `aikore desktop`: what desktops are shown with. It works beside a running panel.

use std::path::PathBuf;

use engine::desktops;
use tokio_util::sync::CancellationToken;

use super::{Failure, say};
use crate::config::{DesktopPlace, DesktopVerb};

/// Installs it, or says what is missing.
pub(super) async fn desktop(verb: DesktopVerb) -> Result<(), Failure> {
    match verb {
        DesktopVerb::Install(place) => {
            let (tools, data) = paths(&place)?;
            let cancel = CancellationToken::new();
            let installing = desktops::install(&tools, &data, &cancel, say);
            tokio::pin!(installing);
            tokio::select! {
                done = &mut installing => done?,
                _ = tokio::signal::ctrl_c() => {
                    cancel.cancel();
                    installing.await?;
                }
            }
            check(&place)
        }
        DesktopVerb::Check(place) => check(&place),
    }
}

fn check(place: &DesktopPlace) -> Result<(), Failure> {
    let (tools, data) = paths(place)?;
    let found = desktops::availability(&tools, &data);
    if found.available {
        say("This machine can show desktops.");
        return Ok(());
    }
    let commands = found.commands.join("\n  ");
    Err(Failure::new(format!("{} Run:\n  {commands}", found.reason)))
}

fn paths(place: &DesktopPlace) -> Result<(PathBuf, PathBuf), Failure> {
    let data = std::path::absolute(&place.data.data_dir)
        .map_err(|error| Failure::new(format!("The data directory cannot be found: {error}.")))?;
    let tools = place.tools.desktop_dir.clone();
    Ok((tools.unwrap_or_else(|| desktops::tools_dir(&data)), data))
}

//! A row and a change of it: taking values over, telling what differs.

use types::instances::{Instance, InstanceChange};

use super::fields;
use crate::Result;

/// Columns that a run was started with: their change takes effect at the next start.
pub(super) const NEEDS_RESTART: [&str; 10] = [
    "base_blueprint",
    "gpu_ids",
    "persistent_mode",
    "desktop",
    "output_path",
    "python_version",
    "cuda_version",
    "torch_version",
    "env_vars",
    "launch_args",
];

/// Takes over the fields that are given; name and blueprint are looked at elsewhere.
pub(super) fn apply(row: &mut Instance, change: InstanceChange) -> Result<()> {
    fn take<T>(field: &mut T, given: Option<T>) {
        if let Some(value) = given {
            *field = value;
        }
    }
    if let Some(gpus) = change.gpu_ids {
        row.gpu_ids = fields::gpu_ids(gpus)?;
    }
    take(&mut row.autostart, change.autostart);
    take(&mut row.persistent_mode, change.persistent_mode);
    take(&mut row.desktop, change.desktop);
    take(&mut row.public_port, change.public_port);
    take(&mut row.access_pattern, change.access_pattern);
    take(&mut row.public_access, change.public_access);
    take(
        &mut row.hostname,
        change.hostname.map(|host| host.trim().to_owned()),
    );
    take(&mut row.use_custom_hostname, change.use_custom_hostname);
    take(&mut row.output_path, change.output_path.map(fields::optional));
    take(
        &mut row.python_version,
        change.python_version.map(fields::version),
    );
    take(&mut row.cuda_version, change.cuda_version.map(fields::version));
    take(&mut row.torch_version, change.torch_version.map(fields::version));
    take(
        &mut row.env_vars,
        change.env_vars.map(|text| fields::lines(&text)),
    );
    take(
        &mut row.launch_args,
        change.launch_args.map(|text| fields::lines(&text)),
    );
    take(&mut row.restart_policy, change.restart_policy);
    Ok(())
}

/// Columns whose value differs. That a form sent a column says nothing.
pub(super) fn changed(old: &Instance, new: &Instance) -> Vec<&'static str> {
    macro_rules! differing {
        ($($column:ident),* $(,)?) => {
            [$((stringify!($column), old.$column != new.$column)),*]
        };
    }
    let columns = differing![
        name,
        slug,
        base_blueprint,
        gpu_ids,
        autostart,
        persistent_mode,
        desktop,
        public_port,
        access_pattern,
        public_access,
        hostname,
        use_custom_hostname,
        output_path,
        python_version,
        cuda_version,
        torch_version,
        env_vars,
        launch_args,
        restart_policy,
    ];
    columns
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(column, _)| column)
        .collect()
}

/// A new configuration with the facts of a run as they are now: the run went on while it was saved.
pub(super) fn with_facts_of(configuration: Instance, facts: &Instance) -> Instance {
    Instance {
        status: facts.status,
        status_reason: facts.status_reason.clone(),
        status_since: facts.status_since,
        pid: facts.pid,
        exit_code: facts.exit_code,
        started_at: facts.started_at,
        internal_port: facts.internal_port,
        desktop_display: facts.desktop_display,
        desktop_port: facts.desktop_port,
        health: facts.health,
        restarts: facts.restarts,
        run: facts.run,
        port_active: facts.port_active,
        // Until the forward has moved there, the new port leads nowhere.
        forward_up: facts.forward_up && facts.public_port == configuration.public_port,
        forward_reason: facts.forward_reason.clone(),
        ..configuration
    }
}

//! What a person's shell is given: the same as the launch script, and where the app's own environment lies.

use std::path::PathBuf;

use types::instances::{Instance, InstanceId};

use super::environment::{self, Surroundings};
use super::{Instances, fields, launch};
use crate::{Error, Result, blocking};

/// Where a shell works, and with what.
pub(crate) struct Shell {
    pub(crate) cwd: PathBuf,
    pub(crate) env: Vec<(String, String)>,
}

/// Variable that names the directory of the environment to activate.
const ENV: &str = "AIKORE_ENV";

impl Instances {
    /// For an instance; a satellite works in its parent's directory, with its own values.
    pub(crate) async fn shell(&self, id: InstanceId) -> Result<Shell> {
        let inner = &self.inner;
        let row = inner.rows.get(id)?;
        let cwd = launch::conf_dir(inner, &row)?;
        // A script that cannot be read is a reason to open a terminal, not to refuse one.
        let blueprint = launch::blueprint(inner, &row).await;
        let blueprint = blueprint.unwrap_or_else(|_| launch::plain_blueprint(&row));
        let (dir, support) = (inner.dir.clone(), inner.blueprints.support_dir().to_owned());
        let own_dir = inner.dir.instance(&row.dir);
        let base_path = inner.config.base_path.clone();
        blocking(move || {
            let output_dir = fields::contained_output(&dir, &row)?;
            std::fs::create_dir_all(&output_dir).map_err(Error::file(&output_dir))?;
            let mut env = environment::environment(&Surroundings {
                dir: &dir,
                support: &support,
                row: &row,
                conf_dir: &cwd,
                own_dir: &own_dir,
                output_dir: &output_dir,
                port: row.internal_port.unwrap_or_default(),
                base_path: &base_path,
            })?;
            if row.internal_port.is_none() {
                env.retain(|(name, _)| name != "WEBUI_PORT");
            }
            add_gpus(&mut env, &row);
            env.push(("COLORTERM".to_owned(), "truecolor".to_owned()));
            let app_env = cwd.join(blueprint.venv_path.trim_start_matches("./"));
            if app_env.is_dir() || blueprint.venv_type != types::blueprints::VenvType::None {
                env.push((ENV.to_owned(), app_env.to_string_lossy().into_owned()));
            }
            Ok(Shell { cwd, env })
        })
        .await
    }
}

fn add_gpus(env: &mut Vec<(String, String)>, row: &Instance) {
    env.push(("CUDA_DEVICE_ORDER".to_owned(), "PCI_BUS_ID".to_owned()));
    if let Some(gpus) = &row.gpu_ids {
        env.push(("CUDA_VISIBLE_DEVICES".to_owned(), gpus.clone()));
    }
}

/// For the machine itself.
pub(crate) fn of_host() -> Shell {
    let mut env = environment::passed();
    for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")] {
        env.push((name.to_owned(), value.to_owned()));
    }
    let home = env.iter().find(|(name, _)| name == "HOME");
    Shell {
        cwd: home.map_or_else(|| PathBuf::from("/"), |(_, home)| PathBuf::from(home)),
        env,
    }
}

#[cfg(test)]
mod tests {
    use types::instances::NewInstance;

    use super::*;
    use crate::{Engine, EngineConfig};

    fn value<'a>(shell: &'a Shell, wanted: &str) -> Option<&'a str> {
        let found = shell.env.iter().rev().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    }

    #[tokio::test]
    async fn a_satellite_works_in_its_parents_directory_with_its_own_values() {
        let temp = tempfile::tempdir().unwrap();
        let config = EngineConfig::new(temp.path().to_owned(), "/no/such/shim".into());
        let engine = Engine::open(config).await.unwrap();
        let create = async |name: &str| {
            let new = NewInstance {
                name: name.to_owned(),
                base_blueprint: "Gradio".to_owned(),
                gpu_ids: Some(name.len().to_string()),
                ..NewInstance::default()
            };
            engine.instances.create(new).await.unwrap()
        };
        let (parent, satellite) = (create("parent").await, create("satellite").await);
        let rows = &engine.instances.inner.rows;
        rows.change(satellite.id, |row| {
            row.parent_instance_id = Some(parent.id);
            Ok(())
        })
        .unwrap();
        let shell = engine.instances.shell(satellite.id).await.unwrap();
        let dir = engine.instances.inner.dir.instance(&parent.dir);
        assert_eq!(shell.cwd, dir);
        assert_eq!(value(&shell, ENV), dir.join("env").to_str());
        assert_eq!(value(&shell, "INSTANCE_NAME"), Some("satellite"));
        assert_eq!(value(&shell, "CUDA_VISIBLE_DEVICES"), Some("9"));
        assert_eq!(value(&shell, "WEBUI_PORT"), None, "it does not run");
    }
}

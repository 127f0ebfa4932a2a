//! The directory and the environment a shell has.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use types::instances::NewInstance;

use super::{Screen, quiet_home, screen_of, shell};
use crate::panel::Panel;

#[tokio::test]
async fn a_shell_has_the_directory_the_environment_and_the_gpus_of_its_instance() {
    let panel = Panel::new().await;
    let new = NewInstance {
        gpu_ids: Some("1".to_owned()),
        env_vars: format!("GREETING=hello there\nHOME={}", panel.data.path().display()),
        ..NewInstance::default()
    };
    let id = panel
        .create_with("venv_type = uv; venv_path = ./env", "", new)
        .await;
    let dir = panel.dir(id).await;
    std::fs::create_dir_all(dir.join("env/bin")).unwrap();
    std::fs::write(
        dir.join("env/bin/activate"),
        format!("export VIRTUAL_ENV={}/env\n", dir.display()),
    )
    .unwrap();
    let terminal = shell(&panel.engine.terminals, id).await;
    let mut screen = Screen::of(&panel.engine.terminals, &terminal.id);
    assert_eq!(screen.ask("$(pwd -P)", "dir").await, dir.to_str().unwrap());
    let env = format!("{}/env", dir.display());
    assert_eq!(screen.ask("$VIRTUAL_ENV", "env").await, env);
    assert_eq!(
        screen.ask("$CUDA_VISIBLE_DEVICES,$GREETING", "own").await,
        "1,hello there"
    );
    assert_eq!(screen.ask("$(stty size)", "size").await, "24 80");
    assert_eq!(screen.ask("${WEBUI_PORT-none}", "port").await, "none");
    panel.engine.shutdown(true).await;
}

/// Stands in for conda: a hook that defines a shell function, whose `activate` does what conda's does.
const CONDA: &str = r#"#!/bin/bash
[ "$*" = "shell.bash hook" ] || exit 3
cat <<'HOOK'
conda() {
    [ "$1" = activate ] || return 3
    export CONDA_PREFIX=$2 CONDA_DEFAULT_ENV=$2 CONDA_SHLVL=1 PATH=$2/bin:$PATH
    PS1="($2) $PS1"
}
HOOK
"#;

fn write_program(path: &std::path::Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A shell of an instance with a conda environment, whose person has this home and this path.
async fn conda_shell(panel: &Panel, home: &std::path::Path, path: &str) -> (Screen, PathBuf) {
    let new = NewInstance {
        env_vars: format!("HOME={}\nPATH={path}", home.display()),
        ..NewInstance::default()
    };
    let metadata = "venv_type = conda; venv_path = ./env";
    let id = panel.create_with(metadata, "", new).await;
    let env = panel.dir(id).await.join("env");
    std::fs::create_dir_all(env.join("conda-meta")).unwrap();
    write_program(&env.join("bin/apps-own"), "#!/bin/sh\necho apps own\n");
    let terminal = shell(&panel.engine.terminals, id).await;
    (Screen::of(&panel.engine.terminals, &terminal.id), env)
}

#[tokio::test]
async fn a_conda_environment_is_activated_by_conda_wherever_it_is() {
    let panel = Panel::new().await;
    let home = tempfile::tempdir().unwrap();
    for (place, path) in [
        (
            "tools/conda",
            format!("{}/tools:/usr/bin:/bin", home.path().display()),
        ),
        ("miniconda3/bin/conda", "/usr/bin:/bin".to_owned()),
    ] {
        let conda = home.path().join(place);
        write_program(&conda, CONDA);
        let (mut screen, env) = conda_shell(&panel, home.path(), &path).await;
        // Only conda itself says the first of these.
        let said = screen
            .ask("$CONDA_DEFAULT_ENV,$CONDA_PREFIX,$CONDA_SHLVL", "env")
            .await;
        let env = env.to_str().unwrap();
        assert_eq!(said, format!("{env},{env},1"), "{place}");
        assert_eq!(screen.ask("$(apps-own)", "program").await, "apps own");
        std::fs::remove_file(conda).unwrap();
    }
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn without_conda_the_programs_of_its_environment_are_found() {
    let panel = Panel::new().await;
    let home = tempfile::tempdir().unwrap();
    let (mut screen, env) = conda_shell(&panel, home.path(), "/usr/bin:/bin").await;
    assert_eq!(screen.ask("$(apps-own)", "program").await, "apps own");
    let prefix = screen.ask("$CONDA_PREFIX", "env").await;
    assert_eq!(prefix, env.to_str().unwrap());
    panel.engine.shutdown(true).await;
}

#[tokio::test]
async fn an_environment_of_pythons_own_is_activated() {
    let panel = Panel::new().await;
    let home = quiet_home(panel.data.path());
    let id = panel
        .create_with("venv_type = python; venv_path = ./env", "", home)
        .await;
    let dir = panel.dir(id).await;
    let made = screen_of(&panel, id)
        .await
        .ask("$(python3 -m venv --without-pip env && echo made)", "venv")
        .await;
    assert_eq!(made, "made");
    let mut screen = screen_of(&panel, id).await;
    let python = screen.ask("$(command -v python)", "python").await;
    assert_eq!(python, dir.join("env/bin/python").to_str().unwrap());
    let prefix = screen
        .ask("$(python -c 'import sys; print(sys.prefix)')", "prefix")
        .await;
    assert_eq!(prefix, dir.join("env").to_str().unwrap());
    panel.engine.shutdown(true).await;
}

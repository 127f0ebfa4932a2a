#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = JupyterLab
# aikore.category = Development
# aikore.description = Notebooks, terminals and files in the browser.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /api
# aikore.start_timeout = 300
# aikore.stop_grace = 10
# aikore.subpath = yes
# aikore.min_vram_mb = 0
# aikore.disk_mb = 200
# aikore.homepage = https://jupyter.org/
# aikore.icon = notebook
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

clean_env env
ensure_env -p '>=3.10,<3.14' -c "$SD_INSTALL_DIR/constraints/JupyterLab.txt" env jupyterlab ipykernel

# Settings, kernels and history of this instance only, whatever lies in the home directory.
state=$INSTANCE_CONF_DIR/jupyter
export JUPYTER_CONFIG_DIR="$state/config" JUPYTER_DATA_DIR="$state/data" JUPYTER_RUNTIME_DIR="$state/runtime" IPYTHONDIR="$state/ipython"
if [ ! -d notebooks ]; then
    mkdir notebooks
    cp "$SD_INSTALL_DIR/demo/welcome.ipynb" notebooks/Welcome.ipynb
fi

# Extensions belong into requirements.txt of the instance, where they survive a rebuild; looking for language
# servers would start npm. No token: the panel's login stands before it. Host is the panel's, therefore remote access; Origin must equal
# Host, which is Jupyter's own rule as long as no allow_origin is given.
options=(
    --no-browser --ip="$WEBUI_HOST" --port="$WEBUI_PORT" --ServerApp.port_retries=0
    --ServerApp.base_url="$SUBFOLDER" --ServerApp.root_dir="$INSTANCE_CONF_DIR/notebooks"
    --IdentityProvider.token= --PasswordIdentityProvider.hashed_password=
    --ServerApp.allow_remote_access=True --ServerApp.trust_xheaders=True
    --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate
    --LabApp.extension_manager=readonly --LanguageServerManager.autodetect=False
)
[ "$(id -u)" != 0 ] || options+=(--allow-root)
exec jupyter-lab "${options[@]}" "${LAUNCH_ARGS[@]}"

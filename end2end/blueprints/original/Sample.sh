--- Sample.sh ---
#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Sample
# aikore.category = Tests
# aikore.description = In the manner of the original AiKore.
# aikore.venv_type = conda
# aikore.venv_path = ./env
### AIKORE-METADATA-END ###
set -e

source /opt/sd-install/functions.sh
source /opt/sd-install/versions.env
if [ -f "${INSTANCE_CONF_DIR}/aikore_vars.env" ]; then
    source "${INSTANCE_CONF_DIR}/aikore_vars.env"
fi

export PATH="/home/abc/miniconda3/bin:$PATH"
mkdir -p "${INSTANCE_CONF_DIR}"
mkdir -p "${INSTANCE_OUTPUT_DIR}"
APP_DIR="${INSTANCE_CONF_DIR}/app"
VENV_DIR="${INSTANCE_CONF_DIR}/env"

if [ ! -d "${APP_DIR}/.git" ]; then
    git clone https://example.org/sample.git "${APP_DIR}"
else
    cd "${APP_DIR}"
    check_remote "GIT_REF"
fi

conda clean -ya
clean_env "${VENV_DIR}"
if [ ! -d "${VENV_DIR}" ]; then
    conda create -p "${VENV_DIR}" python="${PYTHON_VERSION:-3.12}" pip -y
fi
source activate "${VENV_DIR}"

pip install torch==${TORCH_VERSION:-2.10.0} torchvision torchaudio --index-url ${PYTORCH_INDEX_URL:-https://download.pytorch.org/whl/cu130}
PACKAGES_TO_EXCLUDE="torch|torchvision|torchaudio"
grep -v -i -E "^(${PACKAGES_TO_EXCLUDE})" "${APP_DIR}/requirements.txt" > "${APP_DIR}/requirements-filtered.txt"
pip install -r "${APP_DIR}/requirements-filtered.txt"
install_requirements "${APP_DIR}/custom_nodes"

sl_folder "${APP_DIR}/models" "loras" "${BASE_DIR}/models" "lora"
sl_folder "${APP_DIR}" "output" "$(dirname "$INSTANCE_OUTPUT_DIR")" "$(basename "$INSTANCE_OUTPUT_DIR")"

cd "${APP_DIR}"
CMD="python main.py --listen --port ${WEBUI_PORT}"
if [ -f "${INSTANCE_CONF_DIR}/launch_args.txt" ]; then
    USER_ARGS=$(cat "${INSTANCE_CONF_DIR}/launch_args.txt")
    CMD+=" ${USER_ARGS}"
fi
eval $CMD
sleep infinity

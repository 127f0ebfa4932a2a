#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Ternary Bonsai LLM
# aikore.category = Chat / LLM
# aikore.description = A language model of 8 billion weights of three values each, behind an API like that of OpenAI.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /health
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.min_vram_mb = 4000
# aikore.homepage = https://huggingface.co/prism-ml/Ternary-Bonsai-8B-gguf
# aikore.icon = chip
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=5
begin

# BONSAI_LLAMA_URL: another build of llama.cpp (.tar.gz); BONSAI_MODEL_URL: another model (GGUF).
# BONSAI_API_KEY: the key that clients send; without it one is made and kept in api.key.
release=prism-b8846-d104cf1
llama_url=${BONSAI_LLAMA_URL:-https://github.com/PrismML-Eng/llama.cpp/releases/download/$release/llama-$release-bin-linux-cuda-12.8-x64.tar.gz}
model_url=${BONSAI_MODEL_URL:-https://huggingface.co/prism-ml/Ternary-Bonsai-8B-gguf/resolve/main/Ternary-Bonsai-8B-Q2_0.gguf}
app=$INSTANCE_CONF_DIR/llama-cpp
model=$BASE_DIR/models/llm/${model_url##*/}

# The program is built against CUDA 12, whatever release the machine has.
clean_env env
ensure_env -p '>=3.10,<3.14' -c "$SD_INSTALL_DIR/constraints/TernaryBonsaiLLM.txt" env nvidia-cuda-runtime-cu12 nvidia-cublas-cu12 \
    nvidia-cufft-cu12 nvidia-curand-cu12 nvidia-cusolver-cu12 nvidia-cusparse-cu12 nvidia-cuda-nvrtc-cu12 nvidia-nvjitlink-cu12
libraries=$(find "$VIRTUAL_ENV/lib" -path '*/nvidia/*/lib' -type d 2>/dev/null | tr '\n' ':')
export LD_LIBRARY_PATH="$app:$libraries${LD_LIBRARY_PATH:-}"

llama() {
    rm -rf "$app.new"
    mkdir "$app.new"
    fetch_file "$llama_url" "$app.tar.gz"
    tar xzf "$app.tar.gz" -C "$app.new" --strip-components=1
    rm -rf "$app" "$app.tar.gz"
    mv "$app.new" "$app"
}
[ -x "$app/llama-server" ] || rm -f "$VIRTUAL_ENV"/.aikore-once-llama.cpp
once llama.cpp "$llama_url" -- llama
step "the model ${model##*/}"
fetch_file "$model_url" "$model"

# The key stands in a file that only this user reads, not in the log and not in the list of processes.
if [ -n "${BONSAI_API_KEY:-}" ]; then
    (umask 077 && printf '%s\n' "$BONSAI_API_KEY" >api.key)
elif [ ! -s api.key ]; then
    (umask 077 && python -c 'import secrets; print(secrets.token_urlsafe(24))' >api.key)
fi
say "clients send the key that stands in $INSTANCE_CONF_DIR/api.key"

options=()
if has_gpu; then options+=(-ngl 99); else warn "there is no GPU; answers will be slow."; fi
exec "$app/llama-server" -m "$model" --host "$WEBUI_HOST" --port "$WEBUI_PORT" -c 4096 --api-key-file "$INSTANCE_CONF_DIR/api.key" \
    "${options[@]}" "${LAUNCH_ARGS[@]}"

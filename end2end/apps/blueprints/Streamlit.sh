#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Streamlit
# aikore.category = Tests
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /_stcore/health
# aikore.start_timeout = 400
# aikore.subpath = yes
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=../../../blueprints/functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin
ensure_env -p '>=3.10,<3.14' env 'streamlit==1.67.0'

cat >app.py <<'PYTHON'
import streamlit as st

st.title("Widgets")
number = st.number_input("Number", value=6, step=1)
st.write(f"{number} times 7 is {number * 7}.")
sent = st.file_uploader("File")
if sent:
    st.write(f"{sent.name} has {len(sent.getvalue())} bytes.")
PYTHON

# Its own check of origins knows nothing of the panel's names; the panel has checked them.
prefix=${SUBFOLDER#/}
exec streamlit run app.py --server.address "$WEBUI_HOST" --server.port "$WEBUI_PORT" --server.headless true \
    --server.baseUrlPath "${prefix%/}" --browser.gatherUsageStats false

#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = TensorBoard
# aikore.category = Tests
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 400
# aikore.subpath = yes
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=../../../blueprints/functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin
ensure_env -p '>=3.10,<3.14' env 'tensorboard==2.21.0' 'setuptools<80'

# A curve, as a training run writes it.
[ -d runs ] || python - <<'PYTHON'
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

writer = EventFileWriter("runs/first")
for step in range(100):
    value = Summary.Value(tag="loss", simple_value=1 / (1 + step))
    writer.add_event(Event(wall_time=1_700_000_000 + step, step=step, summary=Summary(value=[value])))
writer.close()
PYTHON

exec tensorboard --logdir runs --host "$WEBUI_HOST" --port "$WEBUI_PORT" --path_prefix "${SUBFOLDER%/}"

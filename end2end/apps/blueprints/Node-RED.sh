#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Node-RED
# aikore.category = Tests
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 400
# aikore.subpath = strip
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=../../../blueprints/functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin
[ -d env/node_modules/node-red ] ||
    npm install --prefix env --no-audit --no-fund --omit=optional --cache "$XDG_CACHE_HOME/npm" node-red@4.1.8

mkdir -p flows
cat >flows/settings.js <<'JAVASCRIPT'
module.exports = {
  uiHost: process.env.WEBUI_HOST,
  uiPort: Number(process.env.WEBUI_PORT),
  flowFile: "flows.json",
  telemetry: { enabled: false, updateNotification: false },
  // It would look for more of them in a catalogue far away.
  externalModules: { autoInstall: false, palette: { allowInstall: false, allowUpload: false } },
  editorTheme: { tours: false, projects: { enabled: false } },
};
JAVASCRIPT
# A button, and what it sends shown in the side bar.
[ -f flows/flows.json ] || cat >flows/flows.json <<'JSON'
[
  { "id": "tab", "type": "tab", "label": "Test" },
  { "id": "button", "type": "inject", "z": "tab", "name": "press", "props": [{ "p": "payload" }],
    "payload": "six times seven", "payloadType": "str", "x": 150, "y": 100, "wires": [["shown"]] },
  { "id": "shown", "type": "debug", "z": "tab", "name": "shown", "active": true, "tosidebar": true,
    "complete": "payload", "targetType": "msg", "x": 350, "y": 100, "wires": [] }
]
JSON
exec node env/node_modules/node-red/red.js --userDir flows --settings flows/settings.js

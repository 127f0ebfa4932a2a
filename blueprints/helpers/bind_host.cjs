// Node servers that listen without a host listen on $WEBUI_HOST: only the panel, which has asked for the login, may reach
// them. Loaded by NODE_OPTIONS="--require …/bind_host.cjs".
"use strict";
const net = require("node:net");

const host = process.env.WEBUI_HOST || "127.0.0.1";
const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...args) {
  const [first, second] = args;
  const isPort = typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first));
  if (isPort && typeof second !== "string") args.splice(1, second === undefined || second === null ? 1 : 0, host);
  else if (first && typeof first === "object" && first.port !== undefined && !first.host && !first.path) args[0] = { ...first, host };
  return listen.apply(this, args);
};

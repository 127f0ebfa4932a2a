// The app's own Vite configuration, served below the panel: its host and port, every name that the panel has checked, and
// nothing written into the checkout. The blueprint sets AIKORE_VITE_ROOT and, for an app with a server of its own, where
// requests below /api go (AIKORE_VITE_API).
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = process.env.AIKORE_VITE_ROOT;
const vite = await import(pathToFileURL(join(root, "node_modules/vite/dist/node/index.js")).href);

// Browsers offer this on HTTPS and localhost only.
const randomUuid = `window.crypto&&!crypto.randomUUID&&(crypto.randomUUID=()=>"10000000-1000-4000-8000-100000000000".replace(
/[018]/g,c=>(+c^(crypto.getRandomValues(new Uint8Array(1))[0]&(15>>(+c/4)))).toString(16)))`;

export default vite.defineConfig(async (env) => {
  const own = (await vite.loadConfigFromFile(env, undefined, root))?.config ?? {};
  const listen = { host: process.env.WEBUI_HOST, port: Number(process.env.WEBUI_PORT), strictPort: true, allowedHosts: true };
  const api = process.env.AIKORE_VITE_API;
  const proxy = api && { ...own.server?.proxy, "/api": { ...own.server?.proxy?.["/api"], target: api, ws: true } };
  return vite.mergeConfig(own, {
    root,
    plugins: [{ name: "aikore", transformIndexHtml: () => [{ tag: "script", children: randomUuid, injectTo: "head-prepend" }] }],
    preview: { ...own.server, ...listen, ...(proxy && { proxy }) },
  });
});

// The ways to an instance, as people take them.
import type { Panel } from "../tests/panel.ts";
import { expect, type Instance } from "../tests/panel.ts";

export const ways = ["path", "subdomain", "hostname", "open port", "login port"] as const;
export type Way = (typeof ways)[number];

/** What the check of the ways says of each. */
export interface Report {
  ways: Array<{ way: string; verdict: string; url: string; reasons: string[]; notes: string[] }>;
}

/** The panel as the browser opens it: below this name there is room for sub-domains. */
export function home(panel: Panel): string {
  return `http://localhost:${new URL(panel.url).port}`;
}

/** Asks the REST API under the panel's name, as a page of it would. */
async function api<T>(panel: Panel, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${home(panel)}/api${path}`, {
    method,
    headers: { cookie: `aikore_session=${panel.session}`, origin: home(panel), "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Opens a way; returns its address. */
export async function open(panel: Panel, id: number, way: Way): Promise<string> {
  const { port } = new URL(panel.url);
  const named = way === "hostname";
  const hostname = `app-${id}.test:${port}`;
  const row = await panel.get(id);
  await api(panel, "PUT", `/instances/${id}`, {
    row_version: row.row_version,
    use_custom_hostname: named,
    hostname: named ? hostname : "",
    public_access: way === "open port" ? "open" : "login",
    access_pattern: way.endsWith("port") || named ? "port" : way,
  });
  await api(panel, "POST", `/instances/${id}/activate`);
  const { open_url } = await api<Instance>(panel, "GET", `/instances/${id}`);
  return open_url.endsWith("/") ? open_url : `${open_url}/`;
}

/** What the check says of the way that is open now. */
export async function verdict(panel: Panel, id: number, way: Way): Promise<{ verdict: string; why: string }> {
  const report = await api<Report>(panel, "POST", `/instances/${id}/autopsy`);
  const name = { path: "path", subdomain: "subdomain", hostname: "subdomain", "open port": "port", "login port": "port" }[way];
  const found = report.ways.find((one) => one.way === name);
  expect(found, `${way} is missing in the report`).toBeTruthy();
  return { verdict: found?.verdict ?? "", why: (found?.reasons ?? []).concat(found?.notes ?? []).join(" ") };
}

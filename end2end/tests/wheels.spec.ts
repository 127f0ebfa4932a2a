// The wheel library: wheels are compiled from sources, brought from this computer, selected for an instance, and removed.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { Panel, expect, expectAccessible, expectSoon, hasScripts, lend, openDashboard, test } from "./panel.ts";

test.setTimeout(600_000);

test("a wheel is compiled from its sources, selected and removed", async ({ page, panel }) => {
  const row = await panel.create("Wheels", "test-logs");
  await page.goto(`${panel.url}/?log=${row.id}&tool=wheels`);
  const builder = page.locator("form").filter({ has: page.getByRole("button", { name: "Build", exact: true }) });
  await builder.getByLabel("Requirement or git address").fill("-r /etc/passwd");
  await builder.getByRole("button", { name: "Build", exact: true }).click();
  await expect(builder.getByRole("alert")).toContainText("options and paths are not taken");

  await builder.getByLabel("Requirement or git address").fill("markupsafe==3.0.2");
  await builder.getByRole("button", { name: "Build", exact: true }).click();
  const job = page.getByRole("list", { name: "Jobs" }).getByRole("listitem").first();
  await expect(job).toContainText("running");
  // It survives a reload, with its output.
  await page.reload();
  await expect(job).toContainText("Building markupsafe==3.0.2");
  await expect(job).toContainText("Built ", { timeout: 300_000 });

  const library = page.getByRole("region", { name: "Library" });
  await library.getByRole("checkbox", { name: /markupsafe 3\.0\.2/i }).check();
  await library.getByRole("button", { name: "Install the ticked ones at the next start" }).click();
  await expect
    .poll(async () => {
      const wheels = await (await panel.api("GET", `/instances/${row.id}/wheels`)).json();
      return wheels.library[0]?.selected;
    })
    .toBe(true);
  const wheels = await (await panel.api("GET", `/instances/${row.id}/wheels`)).json();
  expect(wheels.library[0].wheel.platform).toContain("linux");

  await library.getByText("Remove from the library").click();
  await library.getByRole("button", { name: /^Remove markupsafe/i }).click();
  await expect(library.getByText("It is not in the library any more.")).toBeVisible();
});

/** A module in C as people keep them in git, in `home`; whoever has that home finds it at an address of the web. */
function repository(home: string, address: string): void {
  const place = join(home, "modules/answer.git");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "setup.py"), `from setuptools import Extension, setup
setup(name="answer", version="4.2", ext_modules=[Extension("answer", ["answer.c"])])
`);
  writeFileSync(join(place, "answer.c"), `#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "answer"};
PyMODINIT_FUNC PyInit_answer(void) {
    PyObject *made = PyModule_Create(&module);
    if (made) PyModule_AddIntConstant(made, "VALUE", 42);
    return made;
}
`);
  writeFileSync(join(home, ".gitconfig"), `[user]
  name = A
  email = a@example.org
[url "file://${place}"]
  insteadOf = ${address}
`);
  const git = (...words: string[]): unknown => execFileSync("git", words, { cwd: place, env: { PATH: process.env.PATH, HOME: home } });
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "--message", "A module");
  git("tag", "v4.2");
}

const inGit = test.extend<object, { panel: Panel }>({
  panel: [
    async ({}, use) => {
      const home = mkdtempSync(join(tmpdir(), "aikore-home-"));
      repository(home, "https://git.example.org/answer.git");
      await lend(new Panel([], { HOME: home }), use);
      rmSync(home, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

inGit("a wheel is compiled from a git repository, at a tag", async ({ page, panel }) => {
  const row = await panel.create("Git", "test-logs");
  await page.goto(`${panel.url}/?log=${row.id}&tool=wheels`);
  const source = page.getByLabel("Requirement or git address");
  const jobs = page.getByRole("list", { name: "Jobs" }).getByRole("listitem");
  await source.fill("git+https://git.example.org/answer.git@none");
  await page.getByRole("button", { name: "Build", exact: true }).click();
  await expect(jobs.first()).toContainText("failed", { timeout: 300_000 });
  await expect(jobs.first()).toContainText("none");
  await source.fill("git+https://git.example.org/answer.git@v4.2");
  await page.getByRole("button", { name: "Build", exact: true }).click();
  await expect(jobs.first()).toContainText(/Built answer-4\.2-cp.*linux.*\.whl/, { timeout: 300_000 });
  await expect(page.getByRole("region", { name: "Library" }).getByRole("checkbox", { name: /^answer 4\.2/ })).toBeVisible();
});

test("wheels are brought from this computer, and what is none is refused @no-js", async ({ page, panel }) => {
  const { id } = await panel.create("Brought", "test-logs");
  await page.goto(`/?log=${id}&tool=wheels`);
  const form = page.locator("form").filter({ hasText: "Add wheels" });
  const library = page.getByRole("region", { name: "Library" });
  const file = (name: string, text: string) => ({ name, mimeType: "application/zip", buffer: Buffer.from(text) });
  const send = async (...files: ReturnType<typeof file>[]) => {
    await form.locator("input[type=file]").setInputFiles(files);
    await form.getByRole("button", { name: "Add to the library" }).click();
  };
  await send(file("notes.txt", "PK\u0003\u0004"));
  await expect(form.getByRole("alert")).toContainText("notes.txt");
  await send(file("fake-1.0-py3-none-any.whl", "no zip"));
  await expect(form.getByRole("alert")).toContainText("fake-1.0-py3-none-any.whl");
  await send(file("one-1.0-py3-none-any.whl", "PK\u0003\u0004"), file("two-2.0+cu128torch2.8-cp312-cp312-linux_x86_64.whl", "PK\u0003\u0004"));
  await expect(library.getByRole("checkbox", { name: /^one 1\.0/ })).toBeVisible();
  await expect(library.getByRole("checkbox", { name: /^two 2\.0/ })).toBeVisible();
  await expect(library.getByText(/CUDA 12\.8 · torch 2\.8/)).toBeVisible();
  await expect(form.getByRole("alert")).toHaveCount(0);
  await expectAccessible(page);
  for (const name of ["one-1.0-py3-none-any.whl", "two-2.0+cu128torch2.8-cp312-cp312-linux_x86_64.whl"]) {
    expect((await panel.api("DELETE", `/wheels/${encodeURIComponent(name)}`)).status).toBe(204);
  }
});

test("a preset fills the builder @no-js", async ({ page, panel }) => {
  const { id } = await panel.create("Preset", "test-logs");
  await page.goto(`/?log=${id}&tool=wheels`);
  const presets = page.getByRole("navigation", { name: "Modules that are often built" });
  await expect(presets.getByRole("link")).toHaveText([
    ...[/SageAttention/, /FlashAttention/, /bitsandbytes/, /DISO/, /nvdiffrast/, /xFormers/, /Kaolin/, /Custom/],
  ]);
  await presets.getByRole("link", { name: /Kaolin/ }).click();
  await expect(page.getByLabel("Requirement or git address")).toHaveValue("git+https://github.com/NVIDIAGameWorks/kaolin.git");
  await expect(page.getByLabel("Needed to build it")).toHaveValue("cython\nnumpy<2");
  await expect(page.getByLabel("torch", { exact: true })).toHaveAttribute("required", "");
  await page.getByLabel("Needed to build it").fill("typed");
  await page.getByLabel("Requirement or git address").fill("typed");
  await presets.getByRole("link", { name: /bitsandbytes/ }).click();
  await expect(page.getByLabel("Needed to build it")).toHaveValue("scikit-build-core");
  await expect(page.getByLabel("Requirement or git address")).toHaveValue(/bitsandbytes\.git$/);
  await expect(page.getByLabel("torch", { exact: true })).not.toHaveAttribute("required", "");
  await presets.getByRole("link", { name: /Custom/ }).click();
  await expect(page.getByLabel("Requirement or git address")).toHaveValue("");
});

test("several builds show how far they are, here and from the top of every page, and are cancelled @no-js", async ({ page, panel }) => {
  const { id } = await panel.create("Several", "test-logs");
  const address = `/?log=${id}&tool=wheels`;
  if (hasScripts()) await openDashboard(page, address);
  // None that another journey of this panel builds.
  for (const release of ["2.1.5", "3.0.1", "3.0.3"]) {
    // Only two compile at a time; the third waits.
    const begun = await panel.api("POST", "/builder/build", { source: `markupsafe==${release}` });
    expect(begun.status).toBe(202);
  }
  if (!hasScripts()) await page.goto(address);
  // Its badge; compilers print the word, too.
  const running = { has: page.getByText("running", { exact: true }) };
  const builds = page.getByRole("region", { name: "Builds" }).getByRole("listitem");
  await expect(builds.filter(running)).toHaveCount(3);
  await expect(builds.filter({ hasText: "3.0.3" })).toContainText("Waiting for other builds");
  if (hasScripts()) {
    await page.reload();
    await expect(builds.filter(running)).toHaveCount(3);
  }

  await page.getByRole("banner").getByRole("link", { name: "Jobs" }).click();
  const dialog = page.getByRole("dialog", { name: "Jobs" });
  const jobs = dialog.getByRole("listitem");
  await expect(jobs.filter(running)).toHaveCount(3);
  await expectAccessible(page);
  await cancel(jobs.filter({ hasText: "3.0.3" }), page);
  await page.reload();
  await expect(jobs.filter(running)).toHaveCount(2);
  await expect(jobs.filter({ hasText: "3.0.3" })).toContainText("cancelled");
  await page.setViewportSize({ width: 390, height: 844 });
  await cancel(jobs.filter({ hasText: "2.1.5" }), page);
  await cancel(jobs.filter({ hasText: "3.0.1" }), page);
  await jobs.filter({ hasText: "3.0.1" }).getByText("Output").click();
  await dialog.getByRole("link", { name: "Close" }).click();
  await expect(dialog).toHaveCount(0);

  async function cancel(job: Locator, shown: Page): Promise<void> {
    await job.getByRole("button", { name: "Cancel" }).click();
    await expectSoon(shown, (timeout) => expect(job).toContainText("cancelled", { timeout }));
  }
});

test("the palette leads to the jobs", async ({ page, panel }) => {
  await panel.create("Idle", "test-logs");
  await openDashboard(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Find or run" }).getByRole("combobox").fill("jobs");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Jobs" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Jobs" })).toHaveCount(0);
});

// A stand-in for the NVIDIA library with two GPUs: a panel that is given it says what a journey says.
import { execFileSync } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Panel, expect, lend, test as base } from "./panel.ts";

const source = join(dirname(fileURLToPath(import.meta.url)), "../../server/engine/tests/nvml/nvml.c");

/** The library, and the file that says what it answers. */
export class Nvml {
  private readonly dir = mkdtempSync(join(tmpdir(), "aikore-nvml-"));
  readonly library = join(this.dir, "libnvidia-ml.so.1");
  private readonly state = join(this.dir, "state");

  constructor() {
    this.says("");
    execFileSync("cc", ["-shared", "-fPIC", "-O1", `-DSTATE="${this.state}"`, "-o", this.library, source]);
  }

  /** Lines as the head of `nvml.c` explains them. */
  says(state: string): void {
    writeFileSync(`${this.state}.new`, state);
    renameSync(`${this.state}.new`, this.state);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

interface Gpu {
  free: number;
  holders: Array<{ name: string }>;
}

/** A panel that sees two GPUs. */
export const test = base.extend<object, { nvml: Nvml; panel: Panel }>({
  nvml: [
    async ({}, use) => {
      const nvml = new Nvml();
      await use(nvml);
      nvml.remove();
    },
    { scope: "worker" },
  ],
  panel: [
    async ({ nvml }, use) => {
      await lend(new Panel(["--nvml-library", nvml.library]), use);
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

/** Every GPU as the panel knows it now. */
export async function gpus(panel: Panel): Promise<Gpu[]> {
  const answer = await panel.api("GET", "/v1/gpus");
  return ((await answer.json()) as { gpus: Gpu[] }).gpus;
}

/** Waits until the panel has read that an instance holds memory of a GPU. */
export async function untilHeld(panel: Panel, gpu: number, name: string): Promise<void> {
  const names = async () => (await gpus(panel))[gpu]?.holders.map((holder) => holder.name) ?? [];
  await expect.poll(names).toContain(name);
}

// A lab for the length of a function, for node:test, Jest and scripts: it is closed whatever happens, and what a failure says
// names the seed to repeat it with, and the capture if one was kept.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import { createLab } from "./lab.ts";
import type { LabOptions } from "./lab-options.ts";

/** When a capture is kept: never, always, or of a failed run only. */
export type CaptureMode = "off" | "on" | "retain-on-failure";

/** How a lab of a test is made. */
export interface TestLabOptions extends LabOptions {
  /** "retain-on-failure" by default. */
  readonly capture?: CaptureMode;
  /** Where captures go; "uveth-captures" by default. */
  readonly captureDir?: string;
}

/** Frames that links of tests remember. */
const history = 1_000;

/** The seed that UVETH_SEED asks for. */
function seedFromEnvironment(): number | undefined {
  const said = process.env["UVETH_SEED"];
  const seed = Number(said);
  return said === undefined || said === "" || !Number.isInteger(seed) ? undefined : seed;
}

/** A lab as tests have it: it remembers frames, records unless told not to, and takes its seed from UVETH_SEED. */
export function createTestLab({
  capture = "retain-on-failure",
  captureDir: _,
  ...options
}: TestLabOptions = {}): Lab {
  const seed = seedFromEnvironment() ?? options.seed;
  return createLab({
    history,
    record: capture !== "off",
    ...options,
    ...(seed === undefined ? {} : { seed }),
  });
}

/** Writes a lab's capture as `name`.pcapng and says where. */
export function keepCapture(lab: Lab, name: string, folder = "uveth-captures"): string | undefined {
  lab.recording?.stop();
  const file = lab.recording?.file();
  if (file === undefined || file.length === 0) return undefined;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name.replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 100)}.pcapng`);
  writeFileSync(path, file);
  return path;
}

/** What a failure says of its lab. */
export function failureText(lab: Lab, capture: string | undefined): string {
  const kept = capture === undefined ? "" : `, capture ${capture}`;
  return `(lab: repeat with UVETH_SEED=${lab.seed}${kept})`;
}

/** Runs `body` with a lab, which is closed at its end. */
export async function withLab<Result>(
  body: (lab: Lab) => Promise<Result>,
  options: TestLabOptions & { readonly name?: string } = {},
): Promise<Result> {
  const { capture = "retain-on-failure", captureDir, name = "lab" } = options;
  const lab = createTestLab(options);
  try {
    const result = await body(lab);
    if (capture === "on") keepCapture(lab, name, captureDir);
    return result;
  } catch (error) {
    const kept = capture === "off" ? undefined : keepCapture(lab, name, captureDir);
    if (error instanceof Error) error.message += `\n${failureText(lab, kept)}`;
    throw error;
  } finally {
    await lab.close();
  }
}

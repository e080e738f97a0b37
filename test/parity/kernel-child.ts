// The kernel's side for an ordinary user: the test file runs once more under `unshare -Urn`, where the user is root of a
// user namespace, and its tests' results are taken over one by one. A process with threads, as Node is, cannot move into
// a user namespace itself.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { TestContext } from "vitest";
import { expect } from "vitest";

/** The part of Vitest's JSON report that matters here. */
interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly Assertion[] }[];
}

interface Assertion {
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

const reports = new Map<string, Promise<Report | string>>();

/** Whether this process may make network namespaces, which root may, of whichever user namespace. */
export function canMakeNamespaces(): boolean {
  return process.geteuid?.() === 0;
}

/** Takes over what became of the test `name` in the child. */
export async function resultInChild(context: TestContext, name: string): Promise<void> {
  const file = context.task.file.filepath;
  const report = reports.get(file) ?? runFile(file);
  reports.set(file, report);
  const outcome = await report;
  if (typeof outcome === "string") return context.skip(outcome);
  const assertions = outcome.testResults.flatMap(({ assertionResults }) => assertionResults);
  const assertion = assertions.find(({ title }) => title === name);
  if (assertion?.status !== "passed")
    expect.fail(assertion?.failureMessages.join("\n") ?? `${name} did not run`);
}

/** Runs a test file's kernel side in a user namespace; the report, or why there is none. */
function runFile(file: string): Promise<Report | string> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  const args = ["-Urn", process.execPath, vitest, "run", file, "--reporter=json"];
  const child = spawn("unshare", args, {
    env: { ...process.env, UVETH_PARITY_TARGETS: "kernel" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(`unshare cannot be run: ${error.message}`));
    child.on("close", () => {
      const start = output.indexOf("{");
      if (start < 0) resolve(`No user namespace for the kernel's side: ${errors.trim()}`);
      else resolve(JSON.parse(output.slice(start)));
    });
  });
}

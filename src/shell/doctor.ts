// `uveth doctor`: what this system allows, what is missing, and the cure. Changes nothing and starts nothing.
//
// Exit codes: 0 when uveth itself can work, whatever else is missing; 1 when it cannot; 255 for wrong words.

import type { Finding } from "./checks.ts";
import { examine } from "./checks.ts";

/** What the command needs of the process. */
export interface DoctorIo {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const USAGE = "Usage: uveth doctor [ --json ]\n";
const EXIT_FAILURE = 1;
const EXIT_USAGE = 255;

/** Runs `uveth doctor` with the words behind it; resolves with the exit code. */
export async function runDoctor(argv: readonly string[], io: DoctorIo): Promise<number> {
  const wrong = argv.find((word) => word !== "--json");
  if (wrong !== undefined) {
    const isHelp = wrong === "help" || wrong === "--help";
    if (isHelp) io.stdout(USAGE);
    else io.stderr(`Word "${wrong}" is unknown.\n${USAGE}`);
    return isHelp ? 0 : EXIT_USAGE;
  }
  const findings = await examine(io.env);
  io.stdout(argv.includes("--json") ? `${JSON.stringify(findings)}\n` : report(findings));
  return findings.some(({ isOk, isRequired }) => isRequired && !isOk) ? EXIT_FAILURE : 0;
}

function report(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.map(({ name, isOk, isRequired, found, purpose, cure }) => {
    const mark = isOk ? "✓" : "✗";
    const need = isRequired ? "needed for everything" : `for ${purpose}`;
    const line = `${mark} ${name.padEnd(width)}  ${found}`;
    return isOk ? `${line}\n` : `${line} (${need})\n  ${"".padEnd(width)}  → ${cure}\n`;
  });
  return lines.join("");
}

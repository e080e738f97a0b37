// Programs under `uveth run` with a daemon of their own, and the same programs on the live kernel in a namespace of their own.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const UVETH = join(ROOT, "bin", "uveth");

/** What came of a program. */
export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface UnderRun {
  /** Where the daemon's files are, and where programs start. */
  readonly folder: string;
  /** Why nothing can be tried under `uveth run`, if that is so. */
  readonly missing: string | undefined;
  readonly hasKernel: boolean;
  /** The words of unshare(1) in front of a program for the live kernel. */
  readonly unshared: readonly string[];
  /** Runs a program under `uveth run`, with words of its own before the program. */
  run(words: readonly string[], options?: { readonly input?: string }): Promise<Result>;
  /** Runs a program as it is. */
  finish(program: string, args: readonly string[], input?: string): Promise<Result>;
  /** Ends the daemon and removes the folder. */
  stop(): Promise<void>;
}

export function has(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

/** A daemon that the first program starts. */
export function underRun(name: string): UnderRun {
  const folder = mkdtempSync(join(tmpdir(), `uveth-${name}-`));
  const path = [...pythonFolders(), process.env["PATH"]].join(":");
  const env = { ...process.env, PATH: path, UVETH_SOCKET: join(folder, "daemon.sock"), LC_ALL: "C" };
  const missing = whatIsMissing();
  const unshared = [
    process.getuid?.() === 0 ? "-nm" : "-Urnm",
    "--",
    "sh",
    "-c",
    // With mounts for the names of others.
    `mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys && exec "$@"`,
    "sh",
  ];
  const finish = (program: string, args: readonly string[], input = ""): Promise<Result> =>
    new Promise((resolve) => {
      const child = spawn(program, args, { env, cwd: folder });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (text) => (stdout += text));
      child.stderr.on("data", (text) => (stderr += text));
      child.on("close", (status) => resolve({ status, stdout, stderr }));
      // A program need not read what it is given.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  return {
    folder,
    missing,
    hasKernel: missing === undefined && spawnSync("unshare", [...unshared, "true"]).status === 0,
    unshared,
    run: (words, { input } = {}) => finish(UVETH, ["run", ...words], input),
    finish,
    async stop() {
      await finish(UVETH, ["daemon", "stop"]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where the program is that `python3` comes to: scripts that choose one (pyenv's) make a dozen processes of their own each time. */
function pythonFolders(): string[] {
  const words = ["-c", "import sys; print(sys.executable)"];
  const { status, stdout } = spawnSync("python3", words, { encoding: "utf8" });
  return status === 0 ? [dirname(stdout)] : [];
}

function whatIsMissing(): string | undefined {
  if (!has("cc")) return "there is no C compiler";
  if (!has("ip")) return "iproute2 is not installed";
  return existsSync(join(ROOT, "node_modules", "koffi")) ? undefined : "koffi is not installed";
}

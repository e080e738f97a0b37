// What: the `uveth` command around its commands: words, exit codes, standard streams that end early or are slow, Ctrl-C,
// the live kernel as a target, completion, the doctor.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { COMMAND, test } from "./uveth.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

describe.concurrent("uveth", () => {
  test("without a word shows its usage and fails", async ({ place }) => {
    const { code, stdout, stderr } = await place.uveth();
    expect({ code, stdout }).toEqual({ code: 255, stdout: "" });
    expect(stderr).toMatch(/^Usage: uveth \[ --kernel \] COMMAND/);
  });

  test("names a word it does not know, and where its own are said", async ({ place }) => {
    const { code, stdout, stderr } = await place.uveth("frobnicate", "now");
    expect({ code, stdout }).toEqual({ code: 255, stdout: "" });
    expect(stderr).toMatch(/^Command "frobnicate" is unknown, try "uveth help".\n$/);
  });

  test.for(["help", "--help", "-h"])("%s lists every command", async (word, { place }) => {
    const help = await place.ok(word);
    for (const name of ["ip", "ping", "capture", "daemon", "doctor", "completion", "help"]) {
      expect(help).toMatch(new RegExp(`^ {2}${name} +\\S`, "m"));
    }
  });

  test.for([
    "apply",
    "attach",
    "capture",
    "completion",
    "daemon",
    "doctor",
    "down",
    "events",
    "exec",
    "extcap",
    "graph",
    "inspect",
    "ping",
    "run",
    "shell",
    "ss",
    "sysctl",
    "up",
  ])("%s --help shows its usage, which is no error", async (word, { place }) => {
    const { code, stdout, stderr } = await place.uveth(word, "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^\s*Usage/);
  });

  test("capture of a device that is not there says only that", async ({ place }) => {
    expect(await place.uveth("capture", "-i", "nope")).toEqual({
      code: 1,
      stdout: "",
      stderr: 'Cannot find device "nope"\n',
    });
  });

  test("is itself in a namespace by whatever path it is called", async ({ place }) => {
    await place.ok("ip", "netns", "add", "red");
    const link = join(place.folder, "linked");
    symlinkSync(COMMAND, link);
    for (const program of ["uveth", COMMAND, link])
      expect(await place.ok("ip", "netns", "exec", "red", program, "ip", "netns", "identify")).toBe("red\n");
    rmSync(link);
  });

  test.for(["version", "--version", "-V"])("%s tells the version of the package", async (word, { place }) => {
    expect(await place.ok(word)).toBe(`uveth ${version}\n`);
  });

  test.for([
    [["daemon", "frob"], /^Word "frob" is unknown\.\nUsage: uveth daemon/],
    [["daemon"], /^Usage: uveth daemon/],
    [["daemon", "stop", "now"], /^Word "now" is unknown\.\nUsage: uveth daemon/],
    [["doctor", "who"], /^Word "who" is unknown\.\nUsage: uveth doctor/],
    [["completion", "tcsh"], /^Word "tcsh" is unknown\.\nUsage: uveth completion/],
    [["completion"], /^Usage: uveth completion/],
  ] as const)("%j is refused with its usage", async ([words, text], { place }) => {
    const { code, stdout, stderr } = await place.uveth(...words);
    expect({ code, stdout }).toEqual({ code: 255, stdout: "" });
    expect(stderr).toMatch(text);
  });

  test("passes the exit code of its commands on", async ({ place }) => {
    expect(await place.uveth("ip", "link", "show", "nodev")).toMatchObject({ code: 1, stdout: "" });
    expect(await place.uveth("ip", "link", "add", "lo", "type", "dummy")).toMatchObject({
      code: 2,
      stdout: "",
    });
    expect(await place.uveth("ip", "link", "set", "lo", "mtu", "many")).toMatchObject({
      code: 255,
      stdout: "",
    });
  });

  test("runs through a link to it, as npm link makes one", async ({ place }) => {
    const link = join(place.folder, "uveth");
    symlinkSync(COMMAND, link);
    expect(await place.start(link, ["ip", "-br", "link"])).toMatchObject({ code: 0, stderr: "" });
    rmSync(link);
  });
});

describe.concurrent("standard output", () => {
  /** The words of a batch that makes this many devices. */
  function batch(count: number): string {
    return Array.from({ length: count }, (_, index) => `link add dummy${index} type dummy\n`).join("");
  }

  test("that nobody reads ends the command without a word", async ({ place }) => {
    const child = spawn(process.execPath, [COMMAND, "--help"], {
      env: place.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    await once(child, "close");
    expect({ code: child.exitCode, stderr }).toEqual({ code: 141, stderr: "" });
  });

  test("that is read late and slowly gets everything, in order", { timeout: 60_000 }, async ({ place }) => {
    const file = join(place.folder, "batch");
    writeFileSync(file, batch(2_000));
    await place.ok("ip", "-batch", file);
    rmSync(file);
    const child = spawn(process.execPath, [COMMAND, "ip", "-o", "link"], {
      env: place.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    await once(child, "close");
    expect(child.exitCode).toBe(0);
    const names = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(": ")[1]);
    expect(names).toEqual(["lo", ...Array.from({ length: 2_000 }, (_, index) => `dummy${index}`)]);
  });
});

describe.concurrent("Ctrl-C", () => {
  test("ends a command that goes on, and the daemon stays", async ({ place }) => {
    const child = spawn(process.execPath, [COMMAND, "ip", "monitor", "link"], {
      env: place.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    await expect.poll(() => place.status()).toMatchObject({ clients: 1 });
    await place.ok("ip", "link", "add", "d0", "type", "dummy");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    await once(child, "close");
    expect({ code: child.exitCode, stderr }).toEqual({ code: 130, stderr: "" });
    await expect.poll(() => place.status()).toMatchObject({ running: true, clients: 0, devices: 1 });
  });
});

describe.concurrent("--kernel", () => {
  const canUnshare = spawnSync("unshare", ["-Urn", "true"]).status === 0;

  test.skipIf(!canUnshare)("works on the live kernel (needs unshare -Urn)", ({ place }) => {
    const script = `ip link add v0 type veth peer name v1
      ip -d link > system; "$NODE" "$UVETH" --kernel ip -d link > ours; diff system ours
      "$NODE" "$UVETH" --kernel ip link set v0 up
      UVETH_TARGET=kernel "$NODE" "$UVETH" ip -br link > ours; ip -br link > system; diff system ours`;
    const env = { ...place.env, NODE: process.execPath, UVETH: COMMAND };
    const options = { cwd: place.folder, env, encoding: "utf8" } as const;
    const { status, stdout, stderr } = spawnSync("unshare", ["-Urn", "sh", "-ec", script], options);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(existsSync(place.socket)).toBe(false);
    rmSync(join(place.folder, "ours"));
    rmSync(join(place.folder, "system"));
  });
});

describe.concurrent("uveth completion", () => {
  test("completes words, devices and namespaces in bash", async ({ place }) => {
    await place.ok("ip", "netns", "add", "red");
    await place.ok("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", "red");
    const script = `
      uveth() { "$NODE" "$UVETH" "$@"; }
      source <(uveth completion bash)
      try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _uveth; echo "\${COMPREPLY[*]}"; }
      try uveth ip li
      try uveth ip link set v
      try uveth ip -n red link set v
      try uveth ip netns exec r`;
    const env = { ...place.env, NODE: process.execPath, UVETH: COMMAND };
    const { stdout, stderr } = spawnSync("bash", ["-c", script], { env, encoding: "utf8" });
    expect({ stdout: stdout.split("\n"), stderr }).toEqual({
      stdout: ["link", "v0", "v1", "red", ""],
      stderr: "",
    });
  });

  test.for(["zsh", "fish"])("has a script that %s can read", async (shell, { place, skip }) => {
    if (spawnSync(shell, ["-c", "true"]).status !== 0) skip(`${shell} is not installed`);
    const script = await place.ok("completion", shell);
    const words = shell === "zsh" ? ["-fn", "-c", script] : ["--no-execute", "-c", script];
    const { status, stderr } = spawnSync(shell, words, { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describe.concurrent("uveth doctor", () => {
  interface Finding {
    readonly name: string;
    readonly isOk: boolean;
    readonly isRequired: boolean;
    readonly found: string;
    readonly cure: string;
  }

  test("says of each thing whether it is there", async ({ place }) => {
    const findings = JSON.parse((await place.uveth("doctor", "--json")).stdout) as Finding[];
    expect(findings.map(({ name }) => name)).toEqual([
      "node",
      "system",
      "runtime folder",
      "daemon",
      "koffi",
      "uveth-netns",
      "user namespaces",
      "/dev/net/tun",
      "subordinate ids",
      "io_uring",
      "cc",
      "ip",
      "tcpdump",
      "tshark",
    ]);
    expect(findings[0]).toMatchObject({ isOk: true, isRequired: true, found: process.versions.node });
    expect(findings[2]?.found).toBe(`${place.socket} (UVETH_SOCKET)`);
    expect(findings[3]?.found).toBe("not running; the first command starts it");
  });

  test("marks what is there and what is missing, with the cure", async ({ place }) => {
    await place.ok("ip", "link");
    const { pid } = await place.status();
    const usual = place.env;
    place.env = { ...usual, PATH: "/nonexistent" };
    const { code, stdout } = await place.uveth("doctor");
    place.env = usual;
    expect(code).toBe(0);
    expect(stdout).toContain(`✓ daemon           running, pid ${pid}, version ${version}\n`);
    expect(stdout).toContain(
      "✗ tshark           not in PATH (for reading captures with their comments)\n" +
        '                   → Type "apt-get install tshark", or what your system has for it\n',
    );
  });

  test("fails when uveth cannot work", async ({ place }) => {
    const usual = place.env;
    const { UVETH_SOCKET: _, ...env } = usual;
    mkdirSync(join(place.folder, "run/uveth"), { recursive: true, mode: 0o755 });
    place.env = { ...env, XDG_RUNTIME_DIR: join(place.folder, "run") };
    const { code, stdout } = await place.uveth("doctor");
    place.env = usual;
    rmSync(join(place.folder, "run"), { recursive: true });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ runtime folder .*: its mode is 755, not 700.*\(needed for everything\)$/m);
  });
});

describe.concurrent("uveth/daemon", () => {
  test("lets a program work on the same machine", async ({ place }) => {
    const script = join(place.folder, "program.mjs");
    writeFileSync(
      script,
      `import { connectDaemon } from ${JSON.stringify(new URL("../../dist/daemon/index.js", import.meta.url).href)};
       const daemon = await connectDaemon();
       const { devices } = await daemon.status();
       console.log(devices);
       daemon.close();`,
    );
    expect(await place.start(script)).toEqual({ code: 0, stdout: "0\n", stderr: "" });
    await place.ok("ip", "link", "add", "d0", "type", "dummy");
    expect(await place.start(script)).toEqual({ code: 0, stdout: "1\n", stderr: "" });
    rmSync(script);
  });
});

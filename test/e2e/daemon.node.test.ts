// What: the first command starts a daemon, one per place whoever comes first; it outlives kill -9, upgrades and what was
// left behind; and it goes when it is told to or nothing is left, leaving no process, socket or lock.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, vi } from "vitest";
import { helloFrame } from "../../src/daemon/protocol.ts";
import type { Place, Run } from "./uveth.ts";
import { COMMAND, test } from "./uveth.ts";

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

async function killDaemon(place: Place): Promise<void> {
  const { pid } = await place.status();
  process.kill(Number(pid), "SIGKILL");
  await place.ended();
}

/** Runs `uveth ip link` of a package whose bundles were changed, so that it starts its daemon. */
async function startPatched(place: Place, patch: (text: string, name: string) => string): Promise<Run> {
  const folder = join(place.folder, "patched");
  const dist = dirname(COMMAND);
  mkdirSync(folder);
  for (const name of readdirSync(dist).filter((one) => one.endsWith(".js"))) {
    writeFileSync(join(folder, name), patch(readFileSync(join(dist, name), "utf8"), name));
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const run = await place.start(join(folder, "uveth.js"), ["ip", "link"]);
  rmSync(folder, { recursive: true });
  return run;
}

/** A patch that puts a statement into the engine's thread. */
function inEngine(statement: string): (text: string, name: string) => string {
  return (text, name) => (name === "engine.worker.js" ? `${statement}\n${text}` : text);
}

describe.concurrent("the first command", () => {
  test("starts a daemon that the next ones share", async ({ place }) => {
    await place.ok("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
    const first = await place.status();
    const links = JSON.parse(await place.ok("ip", "-j", "link")) as { ifname: string }[];
    expect(links.map(({ ifname }) => ifname)).toEqual(["lo", "v1", "v0"]);
    expect(await place.status()).toMatchObject({
      running: true,
      pid: first["pid"],
      devices: 2,
      namespaces: 0,
    });
    expect(place.processes()).toEqual([first["pid"]]);
  });

  test("makes a socket of mode 600 and a log of mode 600", async ({ place }) => {
    await place.ok("ip", "link");
    expect([mode(place.socket), mode(place.log)]).toEqual(["600", "600"]);
  });

  test("starts and makes nothing when it only asks for help", async ({ place }) => {
    place.env = { ...place.env, UVETH_SOCKET: join(place.folder, "new/daemon.sock") };
    for (const words of [
      ["--help"],
      ["--version"],
      ["ip", "link", "help"],
      ["daemon", "status"],
      ["doctor"],
    ]) {
      await place.uveth(...words);
    }
    await place.uveth("completion", "words", "ip", "link", "set", "");
    expect(readdirSync(place.folder)).toEqual([]);
  });

  test("starts one daemon when ten come at once", { timeout: 60_000 }, async ({ place }) => {
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, n) => place.uveth("ip", "netns", "add", `n${n}`)),
    );
    expect(runs).toEqual(Array(10).fill({ code: 0, stdout: "", stderr: "" }));
    expect(await place.status()).toMatchObject({ namespaces: 10 });
    expect(place.processes()).toHaveLength(1);
  });

  test("starts one daemon when ten come at once after kill -9", { timeout: 60_000 }, async ({ place }) => {
    await place.ok("ip", "netns", "add", "lost");
    await killDaemon(place);
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, n) => place.uveth("ip", "netns", "add", `n${n}`)),
    );
    expect(runs).toEqual(Array(10).fill({ code: 0, stdout: "", stderr: "" }));
    expect(await place.status()).toMatchObject({ namespaces: 10 });
    expect(place.processes()).toHaveLength(1);
  });

  test("works after kill -9, in a fresh machine", async ({ place }) => {
    await place.ok("ip", "netns", "add", "red");
    await killDaemon(place);
    expect(existsSync(place.socket)).toBe(true);
    expect(await place.ok("ip", "netns")).toBe("");
  });

  test("follows a daemon that is just ending", { timeout: 60_000 }, async ({ place }) => {
    for (let round = 0; round < 5; round++) {
      await place.ok("ip", "link");
      const { pid } = await place.status();
      process.kill(Number(pid), "SIGTERM");
      await place.ok("ip", "link");
    }
  });

  test("says what the daemon said that could not start", async ({ place }) => {
    mkdirSync(place.socket);
    const { code, stderr } = await place.uveth("ip", "link");
    rmSync(place.socket, { recursive: true });
    expect(code).toBe(1);
    expect(stderr).toBe(`uveth: Cannot use ${place.socket}: it is not a socket\n`);
  });

  test("refuses to listen where a file is, and leaves it alone", async ({ place }) => {
    writeFileSync(place.socket, "precious");
    const { code, stderr } = await place.uveth("ip", "link");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `uveth: Cannot use ${place.socket}: it is not a socket\n`,
    });
    expect(readFileSync(place.socket, "utf8")).toBe("precious");
    rmSync(place.socket);
  });

  test("refuses a private folder that others can enter", async ({ place }) => {
    const runtime = join(place.folder, "run");
    mkdirSync(join(runtime, "uveth"), { recursive: true });
    chmodSync(join(runtime, "uveth"), 0o755);
    const { UVETH_SOCKET: _, ...env } = place.env;
    const usual = place.env;
    place.env = { ...env, XDG_RUNTIME_DIR: runtime };
    const { code, stderr } = await place.uveth("ip", "link");
    place.env = usual;
    rmSync(runtime, { recursive: true });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^uveth: Cannot use .*\/run\/uveth: its mode is 755, not 700; remove it, or set UVETH_SOCKET\n$/,
    );
  });
});

describe.concurrent("uveth daemon stop", () => {
  test("says what ends, and leaves nothing but the log", async ({ place }) => {
    await place.ok("ip", "netns", "add", "red");
    await place.ok("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", "red");
    const { pid } = await place.status();
    expect(await place.ok("daemon", "stop")).toBe(
      `The uveth daemon (pid ${pid}) has ended, and with it 1 namespace, 2 devices and 0 clients\n`,
    );
    expect(place.processes()).toEqual([]);
    expect(readdirSync(place.folder)).toEqual(["daemon.log"]);
  });

  test("says that there was nothing", async ({ place }) => {
    await place.ok("ip", "link");
    expect(await place.ok("daemon", "stop")).toMatch(/ has ended; it held nothing\n$/);
    expect(await place.ok("daemon", "stop")).toBe("No uveth daemon is running\n");
  });
});

describe.concurrent("uveth daemon restart", () => {
  test("ends the machine and starts another one", async ({ place }) => {
    await place.ok("ip", "netns", "add", "red");
    const { pid } = await place.status();
    const said = await place.ok("daemon", "restart");
    const next = await place.status();
    expect(next["pid"]).not.toBe(pid);
    expect(said).toBe(
      `The uveth daemon (pid ${pid}) has ended, and with it 1 namespace, 0 devices and 0 clients\n` +
        `The uveth daemon runs (pid ${next["pid"]})\n`,
    );
    expect(await place.ok("ip", "netns")).toBe("");
  });
});

describe.concurrent("uveth daemon status", () => {
  test("tells whether one runs by its exit code, too", async ({ place }) => {
    expect(await place.uveth("daemon", "status")).toEqual({
      code: 3,
      stdout: `No uveth daemon is running\nsocket  ${place.socket}\n`,
      stderr: "",
    });
    expect(await place.status()).toEqual({ running: false, socket: place.socket, log: place.log });
    await place.ok("ip", "link");
    expect(await place.ok("daemon", "status")).toMatch(
      /^The uveth daemon is running\npid {5}\d+, for \d+ s\nversion \d+\.\d+\.\d+, protocol 1\nholds {3}0 namespaces, 0 devices and 0 clients, in \d+ MiB\n/,
    );
  });
});

describe.concurrent("uveth daemon logs", () => {
  test("prints what the daemon wrote", async ({ place }) => {
    expect(await place.uveth("daemon", "logs")).toMatchObject({ code: 1, stdout: "" });
    await place.ok("ip", "link");
    const { pid } = await place.status();
    await place.ok("daemon", "stop");
    const lines = (await place.ok("daemon", "logs")).split("\n");
    expect(lines[0]).toMatch(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\S+Z Ready, process ${pid}$`));
    expect(lines[1]).toMatch(/Z Stopping after a client's request$/);
  });
});

describe.concurrent("uveth daemon run", () => {
  test("runs in the foreground until Ctrl-C", async ({ place }) => {
    const child = spawn(process.execPath, [COMMAND, "daemon", "run"], {
      env: place.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    await once(child.stderr, "data");
    await place.ok("ip", "netns", "add", "red");
    expect(await place.status()).toMatchObject({ pid: child.pid });
    child.kill("SIGINT");
    await once(child, "close");
    expect(child.exitCode).toBe(0);
    expect(readdirSync(place.folder)).toEqual([]);
  });

  test("refuses to be the second one", async ({ place }) => {
    await place.ok("ip", "link");
    const { code, stderr } = await place.uveth("daemon", "run");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'A uveth daemon is running already, see "uveth daemon status"\n',
    });
  });
});

describe.concurrent("the daemon", () => {
  test("leaves when nobody needs it, and not before", async ({ place }) => {
    place.env = { ...place.env, UVETH_IDLE_MS: "300" };
    await place.ok("ip", "netns", "add", "red");
    const { pid } = await place.status();
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(place.processes()).toEqual([pid]);
    await place.ok("ip", "netns", "del", "red");
    await place.ended();
    expect(readdirSync(place.folder)).toEqual(["daemon.log"]);
    expect(readFileSync(place.log, "utf8")).toMatch(/Stopping, as nothing is left\n$/);
  });

  test("that is about to leave fails nobody", { timeout: 60_000 }, async ({ place }) => {
    place.env = { ...place.env, UVETH_IDLE_MS: "20" };
    for (let round = 0; round < 12; round++) {
      await Promise.all([place.ok("ip", "link"), place.ok("ip", "link")]);
    }
    await place.ended();
  });

  test.for(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "leaves nothing behind after %s",
    async (signal, { place }) => {
      await place.ok("ip", "netns", "add", "red");
      const { pid } = await place.status();
      process.kill(Number(pid), signal);
      await place.ended();
      expect(readdirSync(place.folder)).toEqual(["daemon.log"]);
    },
  );

  test("stays when the process that started it is killed with its group", async ({ place }) => {
    const child = spawn(process.execPath, [COMMAND, "ip", "monitor"], {
      env: place.env,
      detached: true,
      stdio: "ignore",
    });
    await vi.waitFor(async () => expect(await place.status()).toMatchObject({ clients: 1 }), 10_000);
    process.kill(-Number(child.pid), "SIGKILL");
    await once(child, "exit");
    await vi.waitFor(
      async () => expect(await place.status()).toMatchObject({ running: true, clients: 0 }),
      10_000,
    );
  });

  test("is not harmed by garbage on its socket", async ({ place }) => {
    await place.ok("ip", "netns", "add", "red");
    const stream = connect(place.socket);
    stream.on("error", () => {});
    stream.end("GET / HTTP/1.1\r\n\r\n");
    await once(stream, "close");
    expect(await place.ok("ip", "netns")).toBe("red\n");
    expect(await place.ok("daemon", "logs")).toMatch(/Ended the connection of process \d+: A frame claims/);
  });
});

describe.concurrent("an engine with a bug", () => {
  const throwLater = 'setTimeout(() => { throw new Error("boom"); }, 1_000);';
  /** Hangs after a second, and leaves `file` when it is about to. */
  const hangLater = (file: string): string =>
    `setTimeout(() => { process.getBuiltinModule("fs").writeFileSync(${JSON.stringify(file)}, ""); for (;;); }, 1_000);`;

  test("ends the daemon, with the stack in its log, and the next command starts another", async ({
    place,
  }) => {
    expect(await startPatched(place, inEngine(throwLater))).toMatchObject({ code: 0, stderr: "" });
    await place.ended();
    expect(readdirSync(place.folder)).toEqual(["daemon.log"]);
    expect(readFileSync(place.log, "utf8")).toMatch(/Z The engine failed: Error: boom\n {4}at /);
    await place.ok("ip", "link");
  });

  test("that shows at the start is what the command says", async ({ place }) => {
    const { code, stderr } = await startPatched(place, inEngine('throw new Error("boom");'));
    expect(code).toBe(1);
    expect(stderr).toContain(`uveth: Cannot start the uveth daemon, see ${place.log}:\n`);
    expect(stderr).toMatch(/Z The engine failed: Error: boom\n/);
    expect(readdirSync(place.folder)).toEqual(["daemon.log"]);
  });

  test("that makes it hang is ended by restart", { timeout: 60_000 }, async ({ place }) => {
    const hangs = join(place.folder, "hangs");
    await startPatched(place, inEngine(hangLater(hangs)));
    const [pid] = place.processes();
    await vi.waitFor(() => expect(existsSync(hangs)).toBe(true), 10_000);
    rmSync(hangs);
    const said = await place.ok("daemon", "restart");
    expect(said).toMatch(
      new RegExp(`^The uveth daemon \\(pid ${pid}\\) has ended\nThe uveth daemon runs \\(pid \\d+\\)\n$`),
    );
    await place.ok("ip", "link");
  });
});

describe.concurrent("a daemon of another version", () => {
  const { version: ours } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const oldVersion = (text: string): string => text.replaceAll(`"${ours}"`, '"0.0.9"');

  test("is used with a warning when it speaks the same protocol", async ({ place }) => {
    await startPatched(place, oldVersion);
    const { version } = await place.status();
    expect(version).toBe("0.0.9");
    const { code, stderr, stdout } = await place.uveth("ip", "-br", "link");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^lo /);
    expect(stderr).toMatch(
      /^uveth \S+ speaks to a daemon of uveth 0\.0\.9; "uveth daemon restart" replaces it\n$/,
    );
    await place.ok("daemon", "restart");
    expect((await place.status())["version"]).not.toBe("0.0.9");
    await place.ok("ip", "link");
  });

  test("is refused with the cure when it speaks another protocol", async ({ place }) => {
    const server = createServer((stream) => {
      stream.on("error", () => {}).resume();
      stream.write(helloFrame({ protocol: 99, pid: 4_711, version: "9.9.9" }));
    });
    await new Promise<void>((resolve) => server.listen(place.socket, resolve));
    const { code, stderr } = await place.uveth("ip", "link");
    await new Promise((resolve) => server.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^uveth: The daemon \(pid 4711\) is uveth 9\.9\.9 with protocol 99, this is uveth \S+ with protocol 1; "uveth daemon restart" replaces it and says what that ends\n$/,
    );
  });

  test("is no daemon at all when it answers with something else", async ({ place }) => {
    const server = createServer((stream) => {
      stream.on("error", () => {}).resume();
      stream.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    await new Promise<void>((resolve) => server.listen(place.socket, resolve));
    const { code, stderr } = await place.uveth("ip", "link");
    await new Promise((resolve) => server.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^uveth: Cannot speak to the uveth daemon: A frame claims \d+ bytes/);
  });
});

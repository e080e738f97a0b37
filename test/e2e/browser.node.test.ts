// What: the core runs in a page: the same bundle, the same scenario, on a virtual clock and on the browser's own time; and a page takes
// part in a lab of Node's by a WebSocket.
//
//   src/index.ts, src/attach/ ─▶ one script ─▶ headless Chromium ─▶ what came of it, as the page's text
//
//   page: netns [tap0] ═══ WebSocket ═══ Node: lab.outside("page", socket) ── h1
//
// Source: the scenario's own expectations, which hold in Node and in an empty context too.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";
import type * as Attach from "../../src/attach/index.ts";
import type { FrameChannel } from "../../src/attach/index.ts";
import type * as Core from "../../src/index.ts";
import { createLab } from "../../src/lab/index.ts";
import type { PairOutcome } from "../scenario.ts";
import { expectPair, pairScenario } from "../scenario.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
const chromium = "chromium";
const hasChromium = spawnSync(chromium, ["--version"], { stdio: "ignore" }).status === 0;

/** What keeps a browser from talking to anybody, and lets root start it. */
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** What has it print the page once its script has ended, by a clock of its own. */
const dump = ["--virtual-time-budget=60000", "--dump-dom"];

/** A page that runs the scenario in the world that `world` makes, and ends up with the outcome as its text. */
function page(script: string, world: string): string {
  return `<!doctype html><meta charset="utf-8"><title>uveth</title><body><script>${script.replaceAll("</script", "<\\/script")}
    (${pairScenario})(uveth, (() => { ${world} })()).then(
      (outcome) => { document.body.textContent = "outcome:" + JSON.stringify(outcome); },
      (error) => { document.body.textContent = "error:" + error.stack; },
    );
  </script></body>`;
}

/** The core and the real clock as one script, `var uveth = …`. */
async function bundle(folder: string): Promise<string> {
  const input = join(folder, "entry.ts");
  const from = (path: string): string => JSON.stringify(join(root, "src", path));
  writeFileSync(
    input,
    `export * from ${from("index.ts")};\nexport { attachChannel, realTime } from ${from("attach/index.ts")};\n`,
  );
  const built = await rolldown({ input, cwd: root, logLevel: "warn" });
  const { output } = await built.generate({ format: "iife", name: "uveth" });
  await built.close();
  return output[0].code;
}

/** The text of a page once its script has ended. */
function textOf(folder: string, html: string): Promise<string> {
  const path = join(folder, "page.html");
  writeFileSync(path, html);
  const profile = join(folder, "profile");
  return new Promise((done, fail) => {
    const child = spawn(chromium, [...flags, ...dump, `--user-data-dir=${profile}`, `file://${path}`], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let dom = "";
    child.stdout.on("data", (text) => {
      dom += text;
    });
    child.on("error", fail);
    child.on("close", () => done(/<body>(.*)<\/body>/s.exec(dom)?.[1] ?? dom));
  });
}

test.for([
  {
    name: "virtual time",
    world: `const clock = new uveth.VirtualClock();
      return { clock, scheduler: clock, random: new uveth.SeededRandom(1), pass: (ns) => clock.advance(ns) };`,
  },
  { name: "the browser's time", world: "return { ...uveth.realTime(), pass: () => Promise.resolve() };" },
])("two namespaces ping each other in a page, in $name", { timeout: 60_000 }, async ({ world }, { skip }) => {
  if (!hasChromium) skip("chromium is not installed");
  const folder = mkdtempSync(join(tmpdir(), "uveth-browser-"));
  try {
    const text = await textOf(folder, page(await bundle(folder), world));
    expect(text).toMatch(/^outcome:/);
    const outcome: PairOutcome = JSON.parse(text.slice("outcome:".length).replaceAll("&gt;", ">"));
    expectPair(outcome);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** What is used of `ws`, which has no types of its own. */
interface ServerSocket extends NodeJS.EventEmitter, FrameChannel {
  terminate(): void;
}
interface SocketServer extends NodeJS.EventEmitter {
  readonly clients: Iterable<ServerSocket>;
  close(): void;
}

/** Serves web sockets beside a server's pages; undefined before `npm ci` has brought the package. */
function serveSockets(server: Server): SocketServer | undefined {
  try {
    const { WebSocketServer } = createRequire(import.meta.url)("ws");
    return new WebSocketServer({ server });
  } catch {
    return undefined;
  }
}

/** What the page does: its text runs there, with nothing but its arguments. */
async function joinLab(
  uveth: typeof Core & typeof Attach,
  socket: FrameChannel & EventTarget,
): Promise<{ readonly received: number; readonly text: string }> {
  const machine = uveth.createMachine(uveth.realTime());
  const netns = await machine.netns("page");
  const tap = netns.tap({ name: "tap0" });
  await netns.link.set("tap0", { isUp: true });
  await netns.addr.add("10.0.0.9/24", { dev: "tap0" });
  const opened = new Promise((resolve) => socket.addEventListener("open", resolve));
  uveth.attachChannel(tap, socket);
  await opened;
  const { received } = await netns.ping("10.0.0.1", { count: 3, intervalMs: 10 });
  const connection = await netns.connect({ host: "10.0.0.1", port: 80 });
  await connection.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
  let text = "";
  for await (const bytes of connection) text += new TextDecoder().decode(bytes);
  await machine.close();
  return { received, text };
}

test("a page is a node of a lab in Node, by a WebSocket", { timeout: 60_000 }, async ({ skip }) => {
  if (!hasChromium) skip("chromium is not installed");
  const folder = mkdtempSync(join(tmpdir(), "uveth-browser-"));
  const lab = createLab({ seed: 1 });
  const script = await bundle(folder);
  const server = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html; charset=utf-8");
    answer.end(`<!doctype html><title>uveth</title><script>${script.replaceAll("</script", "<\\/script")}
      const outcome = new WebSocket(location.href.replace("http", "ws") + "outcome");
      (${joinLab})(uveth, new WebSocket(location.origin.replace("http", "ws") + "/frames")).then(
        (value) => outcome.send(JSON.stringify(value)),
        (error) => outcome.send(error.stack),
      );
    </script>`);
  });
  const sockets = serveSockets(server);
  if (sockets === undefined) return skip("ws is not installed: npm ci");
  const outcome = new Promise<string>((resolve) => {
    sockets.on("connection", (socket: ServerSocket, { url }: { readonly url: string }) => {
      if (url === "/outcome") return void socket.once("message", (data: Buffer) => resolve(String(data)));
      const [h1, page] = [lab.host("h1"), lab.outside("page", socket)];
      lab.link(h1, page, { delay: "5ms" });
      void lab.start().then(async () => {
        for await (const connection of h1.listen({ port: 80 })) {
          await connection.read();
          await connection.write(new TextEncoder().encode("HTTP/1.0 200 OK\r\n\r\nhello, page\n"));
          connection.end();
        }
      });
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const browser = spawn(
    chromium,
    [
      ...flags,
      "--remote-debugging-port=0",
      `--user-data-dir=${join(folder, "profile")}`,
      `http://127.0.0.1:${port}/`,
    ],
    { stdio: "ignore" },
  );
  try {
    expect(JSON.parse(await outcome)).toEqual({ received: 3, text: "HTTP/1.0 200 OK\r\n\r\nhello, page\n" });
  } finally {
    const ended = once(browser, "exit");
    browser.kill();
    await ended;
    await lab.close();
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

// The two sides that sequences are run on, with the unmodified tools of the system. Each is one bash for all of them
// (driver.sh); each sequence gets a namespace of its own (shell.sh).
//
//   kernel   unshare ── bash ── unshare -nm ── bash sequence.sh ── ip, bridge, tc …   the live kernel
//   uveth    uveth run ── bash ── nsenter ──── bash sequence.sh ── ip, bridge, tc …   a daemon of its own

import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Interface } from "node:readline";
import { createInterface } from "node:readline";
import { UvethClient } from "../../src/client/uveth.ts";
import type { DaemonClient } from "../../src/daemon/client.ts";
import { connectDaemon } from "../../src/daemon/client.ts";
import { NetlinkClient } from "../../src/netlink/client.ts";
import { NETLINK_GENERIC } from "../../src/uapi/netlink.ts";
import type { Ipv6, Sequence, Step } from "./sequence.ts";
import type { Transcript } from "./transcript.ts";
import { readTranscript } from "./transcript.ts";

export type SideName = "kernel" | "uveth";

/** Where things are. */
export interface Checkout {
  /** The checkout, built. */
  readonly root: string;
  /** A folder for what is written, which its owner removes. */
  readonly folder: string;
}

/** What a sequence may take. */
const SECONDS = 60;

/** Why the kernel's side cannot be had; undefined when it can. */
export function missingKernel(): string | undefined {
  for (const program of ["ip", "bash", "nsenter", "unshare"]) {
    if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0) return `${program} is not installed`;
  }
  const { status, stderr } = spawnSync("unshare", [...unshareOptions(), "true"], { encoding: "utf8" });
  return status === 0 ? undefined : `no namespaces can be made: ${stderr.trim()}`;
}

function unshareOptions(): string[] {
  return process.geteuid?.() === 0 ? ["-nm"] : ["-Urnm"];
}

/** A side: runs sequences, one after another. */
export class Side {
  readonly name: SideName;
  readonly #checkout: Checkout;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #daemon: DaemonClient | undefined;
  readonly #uveth: UvethClient | undefined;
  #count = 0;
  #isOver = false;

  private constructor(checkout: Checkout, child: ChildProcess, daemon?: DaemonClient, uveth?: UvethClient) {
    this.name = daemon === undefined ? "kernel" : "uveth";
    this.#checkout = checkout;
    this.#child = child;
    this.#daemon = daemon;
    this.#uveth = uveth;
    if (child.stdout === null) throw new Error("A side without output");
    this.#lines = createInterface({ input: child.stdout });
    child.on("close", () => {
      this.#isOver = true;
      this.#lines.emit("line", "over");
    });
  }

  /** The live kernel. */
  static kernel(checkout: Checkout): Side {
    return new Side(checkout, startDriver("kernel", checkout, "unshare", unshareOptions(), process.env));
  }

  /** A daemon of its own, and programs under `uveth run`. */
  static async uveth(checkout: Checkout): Promise<Side> {
    const env = environment(checkout);
    const run = [join(checkout.root, "bin/uveth"), "run", "--"];
    // Starts the daemon, which is the built one.
    const { status, stderr } = spawnSync(process.execPath, [...run, "true"], { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`uveth run: ${stderr}`);
    const daemon = await connectDaemon({ env });
    const more = { ...env, DAEMON: String(daemon.peer.pid) };
    const child = startDriver("uveth", checkout, process.execPath, run, more);
    const client = new NetlinkClient(await daemon.openSocket({ protocol: NETLINK_GENERIC }));
    return new Side(checkout, child, daemon, await UvethClient.open(client));
  }

  /** Runs a sequence; an Error when the side has ended, or the sequence was not done in a minute. */
  async run(sequence: Sequence): Promise<Transcript> {
    const folder = join(this.#checkout.folder, this.name, String(++this.#count));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "sequence.sh"), this.#script(sequence));
    const home = this.#uveth === undefined ? "-" : await this.#newHome(sequence.ipv6);
    this.#child.stdin?.write(`${folder} ${SECONDS} ${home}\n`);
    for (let line = await this.#said(); !line.startsWith("done "); line = await this.#said()) {
      const [, netns] = /^calm (.+)$/.exec(line) ?? [];
      if (netns === undefined) throw new Error(`The ${this.name} side has ended`);
      await this.#calm(netns, sequence.ipv6);
      writeFileSync(join(folder, "calmed"), "");
    }
    return readTranscript(folder, sequence);
  }

  /** Ends the side, and the daemon if it has one. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      if (this.#isOver) resolve();
      else this.#child.once("close", () => resolve());
    });
    this.#child.stdin?.end();
    await closed;
    if (this.#daemon === undefined) return;
    const stop = [join(this.#checkout.root, "bin/uveth"), "daemon", "stop"];
    this.#uveth?.close();
    this.#daemon.close();
    spawnSync(process.execPath, stop, { env: environment(this.#checkout) });
  }

  /** The next line that the side says. */
  #said(): Promise<string> {
    if (this.#isOver) return Promise.resolve("over");
    return new Promise((resolve) => this.#lines.once("line", resolve));
  }

  #script(sequence: Sequence): string {
    const shell = join(this.#checkout.root, "test/corpus/shell.sh");
    const head = `SIDE=${this.name} IPV6=${sequence.ipv6}; . ${quoted(shell)}\n`;
    return `${head}${sequence.steps.map(scriptLine).join("\n")}\nfinish\n`;
  }

  /** Makes a namespace for a sequence; returns its name. */
  async #newHome(ipv6: Ipv6): Promise<string> {
    const name = `corpus-${this.#count}`;
    await this.#uveth?.addNetns(name);
    await this.#calm(name, ipv6);
    return name;
  }

  /** Makes IPv6 of a namespace as quiet as it is to be, as shell.sh does on the kernel. */
  async #calm(netns: string, ipv6: Ipv6): Promise<void> {
    const socket = await this.#daemon?.openSocket({ protocol: NETLINK_GENERIC, netns });
    if (socket === undefined) throw new Error("There is no daemon");
    const client = await UvethClient.open(new NetlinkClient(socket));
    const set = (setting: string, value: string): Promise<void> =>
      client.setSysctl(`net.ipv6.conf.default.${setting}`, value);
    if (ipv6 === "quiet") await set("addr_gen_mode", "1");
    if (ipv6 === "off") await set("disable_ipv6", "1");
    if (ipv6 !== "on") {
      await set("accept_dad", "0");
      await set("mldv2_unsolicited_report_interval", "1");
    }
    client.close();
  }
}

function environment({ folder }: Checkout): NodeJS.ProcessEnv {
  return { ...process.env, UVETH_SOCKET: join(folder, "daemon.sock") };
}

function startDriver(
  side: SideName,
  { root, folder }: Checkout,
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcess {
  return spawn(program, [...args, "bash", join(root, "test/corpus/driver.sh")], {
    cwd: folder,
    env: { ...env, SIDE: side, LC_ALL: "C", PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    stdio: ["pipe", "pipe", "inherit"],
  });
}

function scriptLine(step: Step, index: number): string {
  switch (step.kind) {
    case "run":
      return `run ${index} ${quoted(step.line)}`;
    case "monitor":
      return `monitor ${index} ${quoted(step.line)}`;
    case "gone":
      return `gone ${quoted(step.device)}`;
    case "settle":
      return "settle";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Makes a folder for a run; `remove` removes it. */
export function newFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync("/tmp/uveth-corpus-");
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

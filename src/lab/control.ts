// A lab that runs, for others to reach: over its socket it is asked for one thing a connection, in a line of JSON, and answers in
// lines of JSON.
//
//   { "op": "down" }                       the lab ends; { "done": true } once nothing is left
//   { "op": "apply", "path", "isDryRun" }  { "change": "+ host h3" } for each, then { "done": true }
//   { "op": "events" }                     { "event": "link", "atNs": …, "text": … } as they happen, until either side ends
//   { "op": "status" }                     { "name", "nodes", "links", "seed", "pid", "done": true }
//
// What is refused is { "error": "…" }, the last line. Whoever may open the socket is the lab's user.

import { once } from "node:events";
import { unlinkSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { createConnection, createServer } from "node:net";
import { createInterface } from "node:readline";
import { describe } from "../wire/describe.ts";
import { findChanges, makeChanges, messageOf } from "./changes.ts";
import type { Lab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import { loadPlan } from "./load.ts";
import type { LabPlace } from "./place.ts";
import type { RunningPrograms } from "./running-programs.ts";

/** Bytes that may wait for a reader of events; what happens meanwhile is counted. */
const limitBytes = 1 << 20;
/** How long the last reader may take. */
const patienceMs = 1_000;
/** The longest line a request may have. */
const longestRequest = 1 << 16;

/** A lab that is being served. */
export interface ServedLab {
  readonly lab: Lab;
  readonly programs: RunningPrograms;
  readonly place: LabPlace;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves when it is up; whoever asks before waits. */
  readonly ready: Promise<void>;
  /** Ends the lab; resolves when nothing of it is left. */
  down(): Promise<void>;
}

/** A lab's socket. */
export interface LabServer {
  /** Takes the socket away and resolves when everybody has had the end of their answer. */
  close(): Promise<void>;
}

/** Serves a lab; close the result. LabError when one of its name runs. */
export async function serveLab(served: ServedLab): Promise<LabServer> {
  const control = new Control(served);
  const server = createServer((socket) => control.take(socket));
  const { place } = served;
  await listen(server, place.socket).catch(async (error: unknown) => {
    if (!isCode(error, "EADDRINUSE")) throw error;
    if (await isAnswering(place.socket))
      throw new LabError(`There is a lab "${place.name}" already: uveth down ${place.name}`);
    // One that was killed left it behind.
    unlinkSync(place.socket);
    await listen(server, place.socket);
  });
  return {
    async close() {
      const closed = once(server, "close");
      server.close();
      control.end();
      await closed;
    },
  };
}

/**
 * Asks a lab, and hands over the lines of its answer; LabError for what it refuses, when there is none, and when it ends before
 * it has done what it was asked for.
 */
export async function askLab(
  place: LabPlace,
  request: { readonly op: string; readonly [field: string]: unknown },
  onLine: (line: Readonly<Record<string, unknown>>) => void = () => {},
): Promise<void> {
  const socket = await open(place);
  socket.write(`${JSON.stringify(request)}\n`);
  for await (const text of createInterface({ input: socket })) {
    const line: Readonly<Record<string, unknown>> = JSON.parse(text);
    if (typeof line["error"] === "string") throw new LabError(line["error"]);
    if (line["done"] === true) {
      socket.destroy();
      return;
    }
    onLine(line);
  }
  if (request.op !== "events") throw new LabError(`The lab "${place.name}" ended before it answered`);
}

/** Whether a lab answers there. */
export async function isAnswering(path: string): Promise<boolean> {
  return connect(path).then(
    (socket) => {
      socket.destroy();
      return true;
    },
    () => false,
  );
}

async function open(place: LabPlace): Promise<Socket> {
  return connect(place.socket).catch((error: unknown) => {
    if (isCode(error, "ENOENT") || isCode(error, "ECONNREFUSED"))
      throw new LabError(`There is no lab "${place.name}" running: uveth up --detach FILE`);
    throw error;
  });
}

function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => resolve(socket));
    socket.once("error", reject);
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** What is asked over the sockets. */
class Control {
  readonly #served: ServedLab;
  /** One change of the lab at a time. */
  #changing: Promise<void> = Promise.resolve();
  /** Those who are owed no end of an answer: they have asked for nothing yet, or for events. */
  readonly #idle = new Set<Socket>();
  /** How to tell every reader of events that there are other nodes. */
  readonly #rewatch = new Set<() => void>();

  constructor(served: ServedLab) {
    this.#served = served;
  }

  /** Ends the connections whose answer has no end of its own, each once it has been told all there is. */
  end(): void {
    for (const socket of this.#idle) {
      socket.end();
      socket.setTimeout(patienceMs, () => socket.destroy());
    }
  }

  take(socket: Socket): void {
    this.#idle.add(socket);
    socket.once("close", () => this.#idle.delete(socket));
    let text = "";
    socket.on("error", () => socket.destroy());
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      const end = text.indexOf("\n");
      if (end < 0 && text.length <= longestRequest) return;
      socket.removeAllListeners("data").resume();
      this.#answer(socket, text.slice(0, Math.max(end, 0))).catch((error: unknown) => {
        socket.end(`${JSON.stringify({ error: messageOf(error) })}\n`);
      });
    });
  }

  async #answer(socket: Socket, text: string): Promise<void> {
    const request: unknown = JSON.parse(text);
    const say = (line: object) => socket.write(`${JSON.stringify(line)}\n`);
    const { op, path, isDryRun } = fieldsOf(request);
    if (op !== "events") this.#idle.delete(socket);
    await this.#served.ready;
    if (op === "events") return this.#events(socket);
    if (op === "status") say(this.#status());
    else if (op === "down") await this.#served.down();
    else if (op === "apply" && typeof path === "string") await this.#apply(path, isDryRun === true, say);
    else throw new LabError(`Cannot do "${String(op)}": apply, down, events or status`);
    socket.end(`${JSON.stringify({ done: true })}\n`);
  }

  #status(): object {
    const { lab, place } = this.#served;
    return {
      name: place.name,
      nodes: lab.nodes.size,
      links: lab.links.length,
      seed: lab.seed,
      pid: process.pid,
    };
  }

  #apply(path: string, isDryRun: boolean, say: (line: object) => void): Promise<void> {
    const { lab, programs, env } = this.#served;
    const done = this.#changing.then(async () => {
      const plan = loadPlan(path, env);
      if (plan.seed !== undefined && plan.seed !== lab.seed)
        throw new LabError(`Cannot change the seed of a lab that runs, from ${lab.seed} to ${plan.seed}`);
      if ((plan.ipv6 ?? true) !== lab.hasIpv6) throw new LabError("Cannot change ipv6 of a lab that runs");
      const changes = await findChanges(lab, programs, plan);
      for (const { text } of changes) say({ change: text });
      if (isDryRun || changes.length === 0) return;
      await makeChanges(changes);
      lab.note(`applied ${changes.length} changes`, "lab");
      for (const rewatch of this.#rewatch) rewatch();
    });
    this.#changing = done.catch(() => {});
    return done;
  }

  #events(socket: Socket): void {
    const { lab } = this.#served;
    let missed = 0;
    const say = (line: object): void => {
      if (socket.writableLength > limitBytes) {
        missed++;
        return;
      }
      if (missed > 0)
        socket.write(`${JSON.stringify({ event: "missed", atNs: lab.now(), count: missed })}\n`);
      missed = 0;
      socket.write(`${JSON.stringify(line)}\n`);
    };
    const stopEvents = lab.onEvent(({ event, atNs, text }) => say({ event, atNs, text }));
    let stopDrops = (): void => {};
    const watch = (): void => {
      stopDrops();
      stopDrops = lab.machine.watchDrops(
        [...lab.nodes.keys()],
        ({ timestampNs, netns, dev, reason, bytes, lost }) => {
          missed += lost;
          say({ event: "drop", atNs: timestampNs, node: netns, dev, reason, text: describe(bytes) });
        },
      );
    };
    watch();
    this.#rewatch.add(watch);
    socket.once("close", () => {
      stopEvents();
      stopDrops();
      this.#rewatch.delete(watch);
    });
    say({
      event: "lab",
      atNs: lab.now(),
      text: `${this.#served.place.name}: ${lab.nodes.size} nodes, ${lab.links.length} links, seed ${lab.seed}`,
    });
  }
}

function fieldsOf(request: unknown): Readonly<Record<string, unknown>> {
  if (typeof request !== "object" || request === null) throw new LabError("A request is a mapping");
  return { ...request };
}

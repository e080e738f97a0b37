// Waiting until something is ready, with Testcontainers' names.

import type { ChildProcess } from "node:child_process";
import { LabError } from "./lab-error.ts";
import type { Host } from "./node.ts";

/** Tries until it succeeds. */
export interface WaitStrategy {
  /** One try; true when it is ready. `program` is what was started, when there is one. */
  isReady(host: Host, program: ChildProcess | undefined): Promise<boolean>;
  readonly what: string;
}

const intervalMs = 50;

/** Strategies to wait by. */
export const Wait = {
  /** All of these TCP ports take connections. */
  forListeningPorts(...ports: number[]): WaitStrategy {
    return {
      what: `a listener on port ${ports.join(", ")}`,
      async isReady(host) {
        for (const port of ports) {
          if (!(await canConnect(host, port))) return false;
        }
        return true;
      },
    };
  },
  /** A line that holds this text, or matches, has been written, so many times. */
  forLogMessage(message: string | RegExp, times = 1): WaitStrategy {
    let seen = 0;
    let watched: ChildProcess | undefined;
    const look = (line: string) => {
      if (typeof message === "string" ? line.includes(message) : message.test(line)) seen++;
    };
    return {
      what: `the message ${String(message)}`,
      async isReady(_, program) {
        if (program !== undefined && program !== watched) {
          watched = program;
          for (const stream of [program.stdout, program.stderr]) eachLine(stream, look);
        }
        return seen >= times;
      },
    };
  },
  /** A GET of this path is answered with a status below 400. */
  forHttp(path: string, port: number): WaitStrategy {
    return {
      what: `an answer to GET ${path} on port ${port}`,
      isReady: async (host) => {
        const status = await statusOf(host, path, port).catch(() => 0);
        return status > 0 && status < 400;
      },
    };
  },
  /** Every one of these. */
  forAll(...strategies: WaitStrategy[]): WaitStrategy {
    return {
      what: strategies.map(({ what }) => what).join(" and "),
      async isReady(host, program) {
        const ready = await Promise.all(strategies.map((each) => each.isReady(host, program)));
        return ready.every((each) => each);
      },
    };
  },
} as const;

/** Waits until `strategy` holds for `host`; LabError after `timeoutMs`. */
export async function waitFor(
  host: Host,
  strategy: WaitStrategy,
  { program, timeoutMs = 30_000 }: { readonly program?: ChildProcess; readonly timeoutMs?: number } = {},
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await strategy.isReady(host, program))) {
    if (program !== undefined && program.exitCode !== null)
      throw new LabError(
        `The program in "${host.name}" ended with ${program.exitCode} before there was ${strategy.what}`,
      );
    if (Date.now() > end) throw new LabError(`Waited ${timeoutMs} ms for ${strategy.what} in "${host.name}"`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

async function canConnect(host: Host, port: number): Promise<boolean> {
  try {
    const connection = await host.createConnection({ host: host.ip, port });
    connection.destroy();
    return true;
  } catch {
    return false;
  }
}

async function statusOf(host: Host, path: string, port: number): Promise<number> {
  const answer = await host.fetch(`http://${host.ip}:${port}${path}`, { redirect: "manual" });
  await answer.body?.cancel();
  return answer.status;
}

function eachLine(stream: ChildProcess["stdout"], look: (line: string) => void): void {
  let rest = "";
  stream?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(look);
  });
}

// What one `ip` command works with: its options, its output, the sockets it has opened so far, the names of links it knows.

import { NetlinkClient } from "../../netlink/client.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type { NetnsHandle } from "../../netlink/transport.ts";
import { NETLINK_ROUTE } from "../../uapi/netlink.ts";
import { isDarkBackground } from "../color.ts";
import { CommandExit, EXIT_FAILURE, EXIT_REFUSED, refusalText, warningText } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import { Output } from "../output.ts";
import type { Words } from "../words.ts";
import { LinkNames } from "./link-names.ts";
import { NetnsNames } from "./netns-names.ts";
import type { IpOptions } from "./options.ts";

/** Runs another of uveth's commands in a world of its own (`ip netns exec`). */
export type RunIn = (argv: readonly string[], io: CommandIo) => Promise<number>;

/** Runs an object's command; returns the exit code. Wrong words and refusals are thrown as CommandExit. */
export type IpObject = (ip: IpContext, words: Words) => Promise<number>;

/** What is said last of a dump that was refused, and the exit code. */
interface DumpEnd {
  readonly code: number;
  readonly text: string;
}

const DUMP_TERMINATED: DumpEnd = { code: EXIT_FAILURE, text: "Dump terminated\n" };

/** One command, or the commands of one batch. `close()` it at the end. */
export class IpContext {
  readonly io: CommandIo;
  readonly options: IpOptions;
  readonly run: RunIn;
  /** Names of links by index, as far as they are known; filled by what is read and asked. */
  readonly links: LinkNames;
  /** Names of namespaces by the id they have here. */
  readonly netnsNames: NetnsNames;
  #client: Promise<NetlinkClient> | undefined;
  readonly #handles: NetnsHandle[] = [];

  constructor(io: CommandIo, options: IpOptions, run: RunIn) {
    this.io = io;
    this.options = options;
    this.run = run;
    this.links = new LinkNames(() => this.rtnl());
    this.netnsNames = new NetnsNames(io, () => this.rtnl());
  }

  /** The rtnetlink socket in the namespace of -netns, opened when it is first asked for. */
  rtnl(): Promise<NetlinkClient> {
    this.#client ??= this.#open();
    return this.#client;
  }

  async #open(): Promise<NetlinkClient> {
    const { netns } = this.options;
    return new NetlinkClient(await this.io.provider.openSocket({ protocol: NETLINK_ROUTE, netns }));
  }

  /** Opens a namespace by name until the command ends; undefined if there is none of that name. */
  async openNetns(name: string): Promise<NetnsHandle | undefined> {
    try {
      const handle = await this.io.provider.openNetns(name);
      this.#handles.push(handle);
      return handle;
    } catch (error) {
      if (error instanceof NetlinkError) return undefined;
      throw error;
    }
  }

  /** Runs `answer`, which writes to a new output, and hands over what was written, also when it fails. */
  async print<Result>(answer: (out: Output) => Result | Promise<Result>): Promise<Result> {
    const out = this.output();
    out.open();
    try {
      return await answer(out);
    } finally {
      out.close();
    }
  }

  /** A new output in the style of the options; `json` false for commands that have no JSON. */
  output({ json = this.options.json }: { readonly json?: boolean } = {}): Output {
    const { pretty, oneline, color } = this.options;
    const isColored = !this.options.json && (color === "always" || (color === "auto" && this.io.isTTY));
    const isDark = isColored ? isDarkBackground(this.io.env["COLORFGBG"]) : undefined;
    return new Output((text) => this.io.stdout(text), { json, pretty, oneline, isDark });
  }

  /**
   * Awaits a request that changes something; prints its warning. A refusal by the kernel becomes the end of the command,
   * with iproute2's text and exit code 2.
   */
  async change<A extends { readonly warning: string }>(answer: Promise<A>): Promise<A> {
    try {
      const given = await answer;
      if (given.warning !== "") this.io.stderr(warningText(given.warning));
      return given;
    } catch (error) {
      throw asExit(error);
    }
  }

  /** Awaits a dump or a get. A refusal ends the command with iproute2's text, then `end.text` and its code. */
  async dump<Result>(answer: Promise<Result>, end: DumpEnd = DUMP_TERMINATED): Promise<Result> {
    try {
      return await answer;
    } catch (error) {
      const exit = asExit(error);
      // That there is no such thing is no text of its own at the end of a list (rtnl_dump_done).
      if (end.text !== "" && error instanceof NetlinkError && error.code === "ENOENT" && error.message === "")
        throw new CommandExit(end.code, end.text);
      throw exit instanceof CommandExit ? new CommandExit(end.code, exit.text + end.text) : exit;
    }
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    for (const handle of this.#handles) handle.close();
    // A socket that could not be opened has been reported by whoever asked for it.
    const client = await this.#client?.catch(() => undefined);
    client?.close();
  }
}

function asExit(error: unknown): unknown {
  return error instanceof NetlinkError ? new CommandExit(EXIT_REFUSED, refusalText(error)) : error;
}

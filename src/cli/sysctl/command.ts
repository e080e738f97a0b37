// `uveth sysctl`: settings of a namespace of the machine, read, set and listed with sysctl(8)'s words. The machine has them, by
// the family uveth; on the live kernel use the system's own sysctl.
//
// Facts: the output of procps-ng 4.0.2.

import { UvethClient } from "../../client/uveth.ts";
import { NetlinkClient } from "../../netlink/client.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import { NETLINK_GENERIC } from "../../uapi/netlink.ts";
import { CommandExit, EXIT_FAILURE } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import type { SysctlOptions } from "./options.ts";
import { parseSysctl, SysctlAnswer } from "./options.ts";

/** Default file of --load. */
const DEFAULT_FILE = "/etc/sysctl.conf";

/** Runs sysctl; the code is 0 when everything went well. */
export async function runSysctl(argv: readonly string[], io: CommandIo): Promise<number> {
  let options: SysctlOptions;
  try {
    options = parseSysctl(argv);
  } catch (error) {
    if (!(error instanceof SysctlAnswer)) throw error;
    io.stdout(error.message);
    return 0;
  }
  if (options.variables.length === 0 && !options.isAll && !options.loads) {
    throw new CommandExit(
      EXIT_FAILURE,
      "sysctl: no variables specified\nTry `sysctl --help' for more information.\n",
    );
  }
  const socket = await io.provider.openSocket({ protocol: NETLINK_GENERIC, netns: options.netns });
  const client = new NetlinkClient(socket);
  try {
    return await new Sysctl(io, options, await UvethClient.open(client)).run();
  } finally {
    client.close();
  }
}

/** One run. */
class Sysctl {
  readonly #io: CommandIo;
  readonly #options: SysctlOptions;
  readonly #uveth: UvethClient;
  #code = 0;
  /** What --json prints at the end. */
  readonly #found: Record<string, string | number> = {};

  constructor(io: CommandIo, options: SysctlOptions, uveth: UvethClient) {
    this.#io = io;
    this.#options = options;
    this.#uveth = uveth;
  }

  async run(): Promise<number> {
    const { isAll, isJson, loads, variables } = this.#options;
    if (isAll) await this.#list("");
    else if (loads) await this.#load();
    for (const variable of isAll || loads ? [] : variables) await this.#take(variable);
    if (isJson) this.#io.stdout(`${JSON.stringify(this.#found)}\n`);
    return this.#code;
  }

  /** A word of the command line: a name, or an assignment. */
  async #take(word: string): Promise<void> {
    if (!this.#options.isWrite && !word.includes("=")) return this.#read(word);
    return this.#assign(word, "command line(0)");
  }

  async #assign(text: string, where: string): Promise<void> {
    const [left = "", value] = text.split(/=(.*)/s, 2);
    const name = dotted(left.trim().replace(/^-/, ""));
    const isLenient = left.trim().startsWith("-");
    if (value === undefined || name === "") {
      this.#complain(`${where}: invalid syntax, continuing...`);
      return;
    }
    try {
      if (!this.#options.isDry) await this.#uveth.setSysctl(name, value.trim());
      if (!this.#options.isQuiet) this.#print(name, value.trim());
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      // A value may be unknown too, where the name is not.
      const isMissing = error.code === "ENOENT" && !(await this.#exists(name));
      if (isMissing) return this.#complainMissing(name, isLenient);
      this.#complain(`setting key "${name}": ${errnoText(-error.errno)}`, isLenient);
    }
  }

  async #exists(name: string): Promise<boolean> {
    const value = await this.#uveth.getSysctl(name).catch(() => undefined);
    return value !== undefined;
  }

  async #read(word: string): Promise<void> {
    const name = dotted(word);
    try {
      const value = await this.#uveth.getSysctl(name);
      if (this.#isWanted(name)) this.#print(name, value);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      if (error.code === "ENOENT") await this.#list(name);
      // What can only be written is passed over.
      else if (error.code !== "EINVAL") this.#code = EXIT_FAILURE;
    }
  }

  /** Prints what is below a name; "" for everything. */
  async #list(name: string): Promise<void> {
    const all = await this.#uveth.listSysctls();
    const below = all.filter(([each]) => name === "" || each.startsWith(`${name}.`));
    if (below.length === 0 && name !== "") return this.#complainMissing(name, false);
    for (const [each, value] of below) {
      if (!this.#isWanted(each)) continue;
      if (value === undefined) this.#code = EXIT_FAILURE;
      else this.#print(each, value);
    }
  }

  #isWanted(name: string): boolean {
    return this.#options.pattern?.test(name) ?? true;
  }

  #print(name: string, value: string): void {
    const { isBinary, isJson, onlyNames, onlyValues } = this.#options;
    if (isJson) this.#found[name] = /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    else if (onlyNames) this.#io.stdout(`${name}\n`);
    else if (isBinary) this.#io.stdout(value);
    else if (onlyValues) this.#io.stdout(`${value}\n`);
    else this.#io.stdout(`${name} = ${value}\n`);
  }

  #complainMissing(name: string, isLenient: boolean): void {
    if (this.#options.ignoresUnknown) return;
    const path = name.replaceAll(".", "/");
    this.#complain(`cannot stat /proc/sys/${path}: No such file or directory`, isLenient);
  }

  #complain(text: string, isLenient = false): void {
    this.#io.stderr(`sysctl: ${text}\n`);
    if (!isLenient) this.#code = EXIT_FAILURE;
  }

  /** Reads assignments from files: `name = value` a line, `#` and `;` begin remarks, a leading `-` forgives. */
  async #load(): Promise<void> {
    const files = [...this.#options.files, ...this.#options.variables];
    for (const file of files.length > 0 ? files : [DEFAULT_FILE]) {
      const text = await this.#io.readFile(file).catch(() => undefined);
      if (text === undefined) {
        this.#complain(`cannot open "${file}": No such file or directory`);
        continue;
      }
      for (const [index, line] of text.split("\n").entries()) {
        const trimmed = line.trim();
        if (trimmed !== "" && !/^[#;]/.test(trimmed)) await this.#assign(trimmed, `${file}(${index + 1})`);
      }
    }
  }
}

/** A name with dots, whichever separator it was typed with: the first one counts, the other stands for itself. */
function dotted(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  const text = name.replace(/^\/proc\/sys\//, "");
  if (first !== "/" && !name.startsWith("/proc/sys/")) return text;
  return text
    .split("/")
    .map((part) => part.replaceAll(".", "/"))
    .join(".");
}

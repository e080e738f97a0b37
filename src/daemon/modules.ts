// Kinds of device that are not built in: a request for one asks for its module by alias, and the user's configuration says
// where that is. Nothing is loaded because it merely lies somewhere.
//
//   $XDG_CONFIG_HOME/uveth/config.json, by default ~/.config/uveth/config.json:
//
//   { "modules": { "rtnl-link-echo": "./echo.mjs", "rtnl-link-foo": "uveth-kind-foo" } }
//
// A value is a file, from the folder of the configuration on, or a package in a node_modules folder there or above. What it
// exports as `kind` is called with the door `uveth/drivers` and returns the kind (LinkOps).
//
// The counterpart of modprobe(8) and modules.alias.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { LinkOps } from "../index.ts";
import { drivers } from "../index.ts";

/** What a module's alias starts with when it stands for a kind. */
const ALIAS = "rtnl-link-";

/** Where the configuration of the user is. */
export function configPath(env: Readonly<Record<string, string | undefined>>): string {
  const folder = env["XDG_CONFIG_HOME"] ?? "";
  // The specification has relative paths ignored.
  return join(isAbsolute(folder) ? folder : join(home(), ".config"), "uveth", "config.json");
}

/** The user's folder; a place where nothing is for one that has none, as users of a number alone. */
function home(): string {
  try {
    return homedir();
  } catch {
    return "/nonexistent";
  }
}

/**
 * What finds the kind behind an alias, by the configuration at `path`, which is read anew each time; undefined when it names
 * none. What is wrong with the file or the module goes to `log`.
 */
export function moduleLoader(
  path: string,
  log: (text: string) => void,
): (alias: string) => Promise<LinkOps | undefined> {
  return async (alias) => {
    if (!alias.startsWith(ALIAS)) return undefined;
    try {
      const specifier = await configured(path, alias);
      return specifier === undefined ? undefined : await load(path, specifier, alias.slice(ALIAS.length));
    } catch (error) {
      log(`Cannot load ${alias}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
}

/** What the configuration says of an alias. */
async function configured(path: string, alias: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const config: unknown = JSON.parse(text);
  const modules = memberOf(config, "modules");
  const specifier = memberOf(modules, alias);
  if (specifier === undefined) return undefined;
  if (typeof specifier !== "string") throw new TypeError(`"${alias}" in ${path} must be a text`);
  return specifier;
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

async function load(path: string, specifier: string, kind: string): Promise<LinkOps> {
  const file = createRequire(path).resolve(specifier);
  const module: unknown = await import(pathToFileURL(file).href);
  const make = memberOf(module, "kind");
  if (typeof make !== "function") throw new TypeError(`${file} exports no function "kind"`);
  const ops: unknown = make(drivers);
  if (!isKind(ops)) throw new TypeError(`${file} makes no kind of device`);
  if (ops.kind !== kind) throw new TypeError(`${file} makes the kind "${ops.kind}", not "${kind}"`);
  return ops;
}

function isKind(value: unknown): value is LinkOps {
  const hasFunction = (key: string): boolean => typeof memberOf(value, key) === "function";
  const device = memberOf(value, "device");
  return (
    typeof memberOf(value, "kind") === "string" &&
    hasFunction("setup") &&
    hasFunction("createState") &&
    typeof memberOf(device, "startXmit") === "function"
  );
}

// Labs as YAML files (schemas/lab.schema.json): hosts, routers, switches, links with what is wrong with them, programs. What cannot
// be is refused where it stands, before anything is made.
//
//   name: demo
//   hosts: { h1: , h2: { run: [redis-server] } }
//   switches: [s1]
//   outside: { vm: "listen:/tmp/vm0.sock" }
//   links:
//     - h1 - s1
//     - { between: [h2, s1], delay: 50ms, loss: 1% }

import { parseEndpoint } from "../attach/node/outside/endpoint.ts";
import { ipv4FromText } from "../bytes/ipv4.ts";
import { ipv6FromText } from "../bytes/ipv6.ts";
import { NetlinkError, netemComplaint, netemWords } from "../index.ts";
import { ETH_DATA_LEN } from "../uapi/if_ether.ts";
import { LabError } from "./lab-error.ts";
import type { LinkOptions } from "./link.ts";
import { interfaceNameForm, nodeNameForm } from "./node.ts";
import type { LabPlan, PlanLink, PlanNode } from "./plan.ts";
import { presetOf } from "./presets.ts";
import type { Keys, Mapping } from "./yaml-text.ts";
import { isMapping, YamlText } from "./yaml-text.ts";

const topKeys = ["name", "seed", "ipv6", "hosts", "routers", "switches", "outside", "links", "$schema"];
/** What a link may say; LinkOptions. Its seed is made of the lab's. */
const linkKeys = [
  ...["between", "name", "mtu", "interfaces", "addresses", "preset", "direction"],
  ...netemWords.filter((word) => word !== "seed"),
];

/** Reads a lab's file; LabError says what is wrong and where. */
export function readLabFile(text: string, path: string): LabPlan {
  return planOf(new YamlText(text, path));
}

/** The lab that a file of our own describes. */
export function planOf(yaml: YamlText): LabPlan {
  return new LabFile(yaml).read();
}

/** The file's name without folder and endings. */
export function nameOf(path: string): string {
  return (path.split("/").at(-1) ?? path).replace(/(\.clab)?\.ya?ml$/, "");
}

/** One file, read from its top to its end. */
class LabFile {
  readonly #yaml: YamlText;
  readonly #nodes = new Map<string, PlanNode>();
  readonly #linkNames = new Set<string>();

  constructor(yaml: YamlText) {
    this.#yaml = yaml;
  }

  read(): LabPlan {
    const file = this.#yaml.value;
    if (!isMapping(file)) throw this.#yaml.error([], "a lab is a mapping with hosts and links");
    this.#checkKeys(file, topKeys, []);
    this.#readNodes(file["hosts"], "host", ["hosts"]);
    this.#readNodes(file["routers"], "router", ["routers"]);
    this.#readNodes(file["switches"], "switch", ["switches"]);
    this.#readOutside(file["outside"], ["outside"]);
    const { name, seed, ipv6, links = [] } = file;
    if (name !== undefined && typeof name !== "string") throw this.#wrong(["name"], name, "name is a text");
    if (seed !== undefined && !(typeof seed === "number" && Number.isSafeInteger(seed)))
      throw this.#wrong(["seed"], seed, "seed is a whole number");
    if (ipv6 !== undefined && typeof ipv6 !== "boolean")
      throw this.#wrong(["ipv6"], ipv6, "ipv6 is true or false");
    if (links !== null && !Array.isArray(links)) throw this.#wrong(["links"], links, "links is a list");
    return {
      name: name ?? nameOf(this.#yaml.path),
      seed: seed === undefined ? undefined : Number(seed),
      ipv6,
      nodes: [...this.#nodes.values()],
      links: (links ?? []).map((link: unknown, index) => this.#readLink(link, ["links", index])),
      notes: [],
    };
  }

  /** `what` it should have been, and what it is. */
  #wrong(keys: Keys, value: unknown, what: string): LabError {
    return this.#yaml.error(keys, `${what}, not ${JSON.stringify(value)}`);
  }

  #checkKeys(mapping: Mapping, known: readonly string[], keys: Keys): void {
    for (const key of Object.keys(mapping)) {
      if (known.includes(key)) continue;
      const all = known.filter((each) => each !== "$schema").join(", ");
      throw this.#yaml.keyError([...keys, key], `there is no "${key}", only ${all}`);
    }
  }

  /** A list of names, or a mapping of names to what is said of each. */
  #readNodes(value: unknown, kind: PlanNode["kind"], keys: Keys): void {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
      for (const [index, name] of value.entries()) {
        if (typeof name !== "string" && typeof name !== "number")
          throw this.#wrong([...keys, index], name, "a node is a name");
        this.#addNode(
          { name: String(name), kind, run: [] },
          this.#yaml.error.bind(this.#yaml, [...keys, index]),
        );
      }
      return;
    }
    if (!isMapping(value)) throw this.#wrong(keys, value, `${keys[0]} is a list of names or a mapping`);
    for (const [name, said] of Object.entries(value)) {
      const own = [...keys, name];
      this.#addNode(this.#readNode(name, said, kind, own), this.#yaml.keyError.bind(this.#yaml, own));
    }
  }

  #addNode(node: PlanNode, refuse: (message: string) => LabError): void {
    if (!nodeNameForm.test(node.name))
      throw refuse(`"${node.name}" names no node: letters, digits, ".", "_" and "-", 64 at most`);
    if (this.#nodes.has(node.name)) throw refuse(`there is a node "${node.name}" already`);
    this.#nodes.set(node.name, node);
  }

  #readNode(name: string, said: unknown, kind: PlanNode["kind"], keys: Keys): PlanNode {
    if (said === null || said === undefined) return { name, kind, run: [] };
    if (!isMapping(said)) throw this.#wrong(keys, said, `"${name}" is a mapping`);
    this.#checkKeys(said, kind === "switch" ? ["stp"] : ["run"], keys);
    const { run, stp } = said;
    if (stp !== undefined && typeof stp !== "boolean")
      throw this.#wrong([...keys, "stp"], stp, "stp is true or false");
    return { name, kind, stp: stp === true, run: this.#readRun(run, [...keys, "run"]) };
  }

  /** A mapping of names to endpoints, or to what more is said of each. */
  #readOutside(value: unknown, keys: Keys): void {
    if (value === undefined || value === null) return;
    if (!isMapping(value)) throw this.#wrong(keys, value, "outside is a mapping of names to endpoints");
    for (const [name, said] of Object.entries(value)) {
      const own = [...keys, name];
      const { endpoint, mtu } = isMapping(said) ? said : { endpoint: said, mtu: undefined };
      const at = isMapping(said) ? [...own, "endpoint"] : own;
      if (isMapping(said)) this.#checkKeys(said, ["endpoint", "mtu"], own);
      if (typeof endpoint !== "string")
        throw this.#wrong(at, endpoint, 'an endpoint is a text such as "listen:/tmp/vm0.sock"');
      if (mtu !== undefined && (typeof mtu !== "number" || !Number.isInteger(mtu)))
        throw this.#wrong([...own, "mtu"], mtu, "mtu is a whole number");
      this.#checkEndpoint(endpoint, at);
      const node: PlanNode = { name, kind: "outside", endpoint, mtu: Number(mtu ?? ETH_DATA_LEN), run: [] };
      this.#addNode(node, this.#yaml.keyError.bind(this.#yaml, own));
    }
  }

  #checkEndpoint(endpoint: string, keys: Keys): void {
    try {
      parseEndpoint(endpoint);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      throw this.#yaml.error(keys, error.message);
    }
  }

  #readRun(run: unknown, keys: Keys): string[] {
    if (run === undefined || run === null) return [];
    if (typeof run === "string") return [run];
    if (!Array.isArray(run)) throw this.#wrong(keys, run, "run is a command line or a list of them");
    return run.map((line: unknown, index) => {
      if (typeof line !== "string") throw this.#wrong([...keys, index], line, "a command line is a text");
      return line;
    });
  }

  #readLink(value: unknown, keys: Keys): PlanLink {
    if (typeof value === "string") {
      const [a = "", b = "", ...more] = value.trim().split(/\s+-+\s+|\s+/);
      if (b === "" || more.length > 0) throw this.#wrong(keys, value, 'write "h1 - h2"');
      for (const name of [a, b]) this.#checkEnd(name, keys);
      if (a === b) throw this.#yaml.error(keys, `a link leads from "${a}" to another node`);
      return { a, b, options: {} };
    }
    if (!isMapping(value)) throw this.#wrong(keys, value, 'a link is "h1 - h2" or a mapping with "between"');
    this.#checkKeys(value, linkKeys, keys);
    const { between, ...said } = value;
    if (!Array.isArray(between) || between.length !== 2)
      throw this.#wrong([...keys, "between"], between, "between is a list of two nodes");
    const [a, b] = [String(between[0]), String(between[1])];
    for (const [index, name] of [a, b].entries()) this.#checkEnd(name, [...keys, "between", index]);
    if (a === b) throw this.#yaml.error([...keys, "between", 1], `a link leads from "${a}" to another node`);
    this.#checkWire(said, [a, b], keys);
    const options: LinkOptions = said;
    return { a, b, options };
  }

  #checkEnd(name: string, keys: Keys): void {
    if (!this.#nodes.has(name)) throw this.#yaml.error(keys, `there is no node "${name}"`);
  }

  #checkWire(said: Mapping, ends: readonly string[], keys: Keys): void {
    const { name, mtu, interfaces, addresses, preset, direction, ...faults } = said;
    if (name !== undefined) {
      if (typeof name !== "string") throw this.#wrong([...keys, "name"], name, "name is a text");
      if (this.#linkNames.has(name))
        throw this.#yaml.error([...keys, "name"], `there is a link "${name}" already`);
      this.#linkNames.add(name);
    }
    if (mtu !== undefined && !Number.isInteger(mtu))
      throw this.#wrong([...keys, "mtu"], mtu, "mtu is a whole number");
    if (interfaces !== undefined) this.#checkInterfaces(interfaces, [...keys, "interfaces"]);
    if (addresses !== undefined) this.#checkAddresses(addresses, [...keys, "addresses"]);
    const ways = ["both", "to", "from", ...ends];
    if (direction !== undefined && !ways.some((way) => way === direction))
      throw this.#wrong([...keys, "direction"], direction, `direction is one of ${ways.join(", ")}`);
    const complaint = netemComplaint({ ...this.#presetAt(preset, [...keys, "preset"]), ...faults });
    if (complaint !== undefined) throw this.#yaml.error([...keys, complaint.key], complaint.text);
  }

  #presetAt(preset: unknown, keys: Keys): object {
    if (preset === undefined) return {};
    try {
      return presetOf(String(preset));
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      throw this.#yaml.error(keys, error.message);
    }
  }

  #checkInterfaces(interfaces: unknown, keys: Keys): void {
    if (!Array.isArray(interfaces) || interfaces.length !== 2)
      throw this.#wrong(keys, interfaces, "interfaces are two names, one for each end");
    for (const [end, name] of interfaces.entries()) {
      if (typeof name !== "string" || !interfaceNameForm.test(name))
        throw this.#wrong([...keys, end], name, "an interface's name has 15 letters and digits at most");
    }
  }

  #checkAddresses(addresses: unknown, keys: Keys): void {
    if (!Array.isArray(addresses) || addresses.length !== 2)
      throw this.#wrong(keys, addresses, "addresses are two lists, one for each end");
    for (const [end, list] of addresses.entries()) {
      if (!Array.isArray(list)) throw this.#wrong([...keys, end], list, "addresses of an end are a list");
      for (const [index, address] of list.entries()) {
        if (typeof address !== "string" || !isInterfaceAddress(address))
          throw this.#wrong([...keys, end, index], address, 'an address is "10.0.0.1/24" or "fd00::1/64"');
      }
    }
  }
}

/** Whether a text is an address with the length of its prefix. */
function isInterfaceAddress(text: string): boolean {
  const [address = "", length = "", ...more] = text.split("/");
  if (more.length > 0 || !/^\d{1,3}$/.test(length)) return false;
  if (address.includes(":")) return ipv6FromText(address) !== undefined && Number(length) <= 128;
  return ipv4FromText(address) !== undefined && Number(length) <= 32;
}

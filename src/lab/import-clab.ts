// containerlab's files: nodes and links are taken over, and what cannot be is said.
//
// Facts: docs/manual/topo-def-file.md, nodes.md and network.md of srl-labs/containerlab. Omitted: Go templates; the variables
// ${VAR} are those of the environment.

import { nameOf } from "./lab-file.ts";
import type { LinkOptions } from "./link.ts";
import { interfaceNameForm } from "./node.ts";
import type { LabPlan, PlanLink, PlanNode } from "./plan.ts";
import type { Keys, Mapping } from "./yaml-text.ts";
import { isMapping, YamlText } from "./yaml-text.ts";

/** MTU of containerlab's links. */
const defaultMtu = 9_500;
const topKeys = new Set(["name", "topology"]);
const topologyKeys = new Set(["defaults", "kinds", "groups", "nodes", "links"]);
/** What a node may say that is followed. */
const nodeKeys = new Set(["kind", "exec", "group"]);
const linkKeys = new Set(["type", "endpoints", "mtu", "ipv4", "ipv6"]);
const endKeys = new Set(["node", "interface", "ipv4", "ipv6"]);
/** Ends of links that are none of the lab's nodes. */
const outside = new Set(["host", "mgmt-net", "macvlan", "dummy"]);

/** Reads a containerlab file; LabError says what is wrong and where. */
export function readContainerlab(
  text: string,
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): LabPlan {
  return new ContainerlabFile(new YamlText(substitute(text, env), path, { merge: true })).read();
}

/** ${VAR}, ${VAR:-default} and $$ as containerlab replaces them. */
function substitute(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replace(
    /\$\$|\$\{(\w+)(?::[-=]([^}]*))?\}/g,
    (whole, name: string | undefined, other: string | undefined) => {
      if (whole === "$$") return "$";
      return env[name ?? ""] ?? other ?? "";
    },
  );
}

/** One end of a link as it is written. */
interface ClabEnd {
  readonly node: string;
  readonly ifname: string;
  readonly addresses: readonly string[];
}

/** One file, read from its top to its end. */
class ContainerlabFile {
  readonly #yaml: YamlText;
  readonly #notes: string[] = [];
  readonly #nodes = new Map<string, PlanNode>();

  constructor(yaml: YamlText) {
    this.#yaml = yaml;
  }

  read(): LabPlan {
    const file = this.#yaml.value;
    if (!isMapping(file) || !isMapping(file["topology"]))
      throw this.#yaml.error(["topology"], "a containerlab file has a topology");
    const { name, topology } = file;
    for (const key of Object.keys(file)) {
      if (!topKeys.has(key))
        this.#notes.push(`${key} is not followed: a lab has no management network and no containers`);
    }
    this.#noteOthers(topology, topologyKeys, "topology");
    this.#readNodes(topology);
    const links = this.#readLinks(topology["links"], ["topology", "links"]);
    return {
      name: typeof name === "string" ? name : nameOf(this.#yaml.path),
      nodes: [...this.#nodes.values()],
      links,
      notes: this.#notes,
    };
  }

  #noteOthers(mapping: Mapping, followed: ReadonlySet<string>, where: string): void {
    const others = Object.keys(mapping).filter((key) => !followed.has(key));
    if (others.length > 0) this.#notes.push(`${where}: ${others.join(", ")} not followed`);
  }

  #readNodes({ nodes, kinds, groups, defaults }: Mapping): void {
    if (!isMapping(nodes)) throw this.#yaml.error(["topology", "nodes"], "the topology has no nodes");
    const common = mappingAt(defaults);
    for (const [name, own] of Object.entries(nodes)) {
      const said = mappingAt(own);
      const group = mappingAt(mappingAt(groups)[String(said["group"] ?? common["group"])]);
      const kind = String(said["kind"] ?? group["kind"] ?? common["kind"] ?? "linux");
      const all: Mapping = { ...common, ...mappingAt(mappingAt(kinds)[kind]), ...group, ...said };
      this.#noteOthers(all, nodeKeys, name);
      this.#nodes.set(name, this.#readNode(name, kind, all["exec"]));
    }
  }

  #readNode(name: string, kind: string, exec: unknown): PlanNode {
    const run = Array.isArray(exec) ? exec.map(String) : [];
    if (kind === "bridge" || kind === "ovs-bridge") {
      if (run.length > 0) this.#notes.push(`${name}: exec not followed: a switch runs no programs`);
      return { name, kind: "switch", run: [] };
    }
    if (kind !== "linux") this.#notes.push(`${name}: kind ${kind} needs an image; it is a router here`);
    return { name, kind: kind === "linux" ? "host" : "router", run };
  }

  #readLinks(links: unknown, keys: Keys): PlanLink[] {
    if (links === undefined || links === null) return [];
    if (!Array.isArray(links)) throw this.#yaml.error(keys, "the topology's links are a list");
    return links.flatMap((link: unknown, index) => {
      const own = [...keys, index];
      if (!isMapping(link)) throw this.#yaml.error(own, "a link is a mapping with endpoints");
      return this.#readLink(link, index, own) ?? [];
    });
  }

  #readLink(link: Mapping, index: number, keys: Keys): PlanLink | undefined {
    const where = `links[${index}]`;
    const { type = "veth", endpoints, mtu } = link;
    if (type !== "veth") {
      this.#notes.push(`${where}: type ${String(type)} is left out`);
      return undefined;
    }
    if (!Array.isArray(endpoints) || endpoints.length !== 2)
      throw this.#yaml.error([...keys, "endpoints"], "endpoints are a list of two");
    const [a, b] = [0, 1].map((end) => this.#readEnd(endpoints[end], link, end, [...keys, "endpoints", end]));
    if (a === undefined || b === undefined) return undefined;
    if (outside.has(a.node) || outside.has(b.node)) {
      this.#notes.push(`${where}: leads out of the lab and is left out`);
      return undefined;
    }
    this.#noteOthers(link, linkKeys, where);
    for (const [end, each] of endpoints.entries())
      if (isMapping(each)) this.#noteOthers(each, endKeys, `${where}.endpoints[${end}]`);
    const options: LinkOptions = {
      mtu: typeof mtu === "number" ? mtu : defaultMtu,
      interfaces: [this.#interfaceOf(a, where), this.#interfaceOf(b, where)],
      ...(a.addresses.length + b.addresses.length === 0 ? {} : { addresses: [a.addresses, b.addresses] }),
    };
    return { a: a.node, b: b.node, options };
  }

  /** An end in brief ("a:eth1") or extended form, with the addresses that it or its link says it has. */
  #readEnd(end: unknown, link: Mapping, at: number, keys: Keys): ClabEnd {
    const [node = "", ifname = ""] = isMapping(end)
      ? [String(end["node"] ?? ""), String(end["interface"] ?? "")]
      : // A bridge in a namespace is written "br|node".
        String(end).split(":");
    const said = isMapping(end) ? [end["ipv4"], end["ipv6"]] : [];
    const ofLink = [link["ipv4"], link["ipv6"]].map((list) => (Array.isArray(list) ? list[at] : undefined));
    const addresses = [...said, ...ofLink].filter((each) => typeof each === "string" && each !== "");
    if (!outside.has(node) && !this.#nodes.has(node))
      throw this.#yaml.error(keys, `there is no node "${node}"`);
    return { node, ifname, addresses: addresses.map(String) };
  }

  /** The interface's name where Linux can have it; its place in the order of links else. */
  #interfaceOf({ node, ifname }: ClabEnd, where: string): string | undefined {
    if (ifname === "" || interfaceNameForm.test(ifname)) return ifname || undefined;
    this.#notes.push(`${where}: "${ifname}" of ${node} is no name on Linux; it is the next of eth0, eth1, …`);
    return undefined;
  }
}

function mappingAt(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

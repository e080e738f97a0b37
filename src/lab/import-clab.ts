// containerlab's files: nodes and links are taken over, and what cannot be is said.
//
// Facts: docs/manual/topo-def-file.md and nodes.md of srl-labs/containerlab. Omitted: Go templates; the variables ${VAR} are those
// of the environment.

import { LabError } from "./lab-error.ts";
import { isMapping, nameOf, parseYaml } from "./lab-file.ts";
import type { LinkOptions } from "./link.ts";
import type { LabPlan, PlanLink, PlanNode } from "./plan.ts";

/** MTU of containerlab's links. */
const defaultMtu = 9_500;
/** What a node may say that is followed. */
const followed = new Set(["kind", "exec", "group", "labels"]);
/** Ends of links that are none of the lab's nodes. */
const outside = new Set(["host", "mgmt-net", "macvlan", "dummy"]);

/** Reads a containerlab file. */
export function readContainerlab(
  text: string,
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): LabPlan {
  const file = parseYaml(substitute(text, env), path);
  if (!isMapping(file) || !isMapping(file["topology"]))
    throw new LabError(`${path}: a containerlab file has a topology`);
  const { topology } = file;
  const notes: string[] = [];
  for (const key of ["mgmt", "settings", "prefix"]) {
    if (file[key] !== undefined)
      notes.push(`${key} is not followed: a lab has no management network and no containers`);
  }
  const nodes = readNodes(topology, notes);
  const links = readLinks(topology["links"], new Set(nodes.map(({ name }) => name)), notes);
  const name = typeof file["name"] === "string" ? file["name"] : nameOf(path);
  return { name, nodes, links, notes };
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

function readNodes(topology: Readonly<Record<string, unknown>>, notes: string[]): PlanNode[] {
  const { nodes, kinds, defaults } = topology;
  if (!isMapping(nodes)) throw new LabError("The topology has no nodes");
  return Object.entries(nodes).map(([name, own]) => {
    const said = isMapping(own) ? own : {};
    const kind = String(said["kind"] ?? (isMapping(defaults) ? defaults["kind"] : undefined) ?? "linux");
    const byKind = isMapping(kinds) && isMapping(kinds[kind]) ? kinds[kind] : {};
    const all = { ...(isMapping(defaults) ? defaults : {}), ...byKind, ...said };
    const ignored = Object.keys(all).filter((key) => !followed.has(key));
    if (ignored.length > 0) notes.push(`${name}: ${ignored.join(", ")} not followed`);
    if (kind === "bridge" || kind === "ovs-bridge") return { name, kind: "switch", run: [] };
    if (kind !== "linux") notes.push(`${name}: kind ${kind} needs an image; it is a router here`);
    const exec = all["exec"];
    return {
      name,
      kind: kind === "linux" ? "host" : "router",
      run: Array.isArray(exec) ? exec.map(String) : [],
    };
  });
}

function readLinks(links: unknown, nodes: ReadonlySet<string>, notes: string[]): PlanLink[] {
  if (links === undefined || links === null) return [];
  if (!Array.isArray(links)) throw new LabError("The topology's links are a list");
  const read: PlanLink[] = [];
  for (const [index, link] of links.entries()) {
    const plan = isMapping(link) ? readLink(link, index, nodes, notes) : undefined;
    if (plan !== undefined) read.push(plan);
  }
  return read;
}

function readLink(
  link: Readonly<Record<string, unknown>>,
  index: number,
  nodes: ReadonlySet<string>,
  notes: string[],
): PlanLink | undefined {
  const { type = "veth", endpoints } = link;
  if (type !== "veth" || !Array.isArray(endpoints)) {
    notes.push(`links[${index}]: type ${String(type)} is left out`);
    return undefined;
  }
  const ends = endpoints.map((end: unknown) => endOf(end));
  const [a, b] = ends;
  if (a === undefined || b === undefined || ends.some(({ node }) => outside.has(node) || !nodes.has(node))) {
    notes.push(`links[${index}]: leads out of the lab and is left out`);
    return undefined;
  }
  const named = ends.filter(({ ifname }, at) => ifname !== "" && ifname !== undefined && at >= 0);
  if (named.some(({ ifname }) => !/^eth\d+$/.test(ifname)))
    notes.push(`links[${index}]: interfaces are named eth0, eth1, … by the order of links`);
  const addresses = addressesOf(link);
  const options: LinkOptions = {
    mtu: typeof link["mtu"] === "number" ? link["mtu"] : defaultMtu,
    ...(addresses === undefined ? {} : { addresses }),
  };
  return { a: a.node, b: b.node, options };
}

function endOf(end: unknown): { readonly node: string; readonly ifname: string } {
  if (isMapping(end)) return { node: String(end["node"]), ifname: String(end["interface"] ?? "") };
  const [node = "", ifname = ""] = String(end).split(":");
  return { node, ifname };
}

/** Addresses by `ipv4: [x, y]` and `ipv6: [x, y]`. */
function addressesOf(
  link: Readonly<Record<string, unknown>>,
): readonly [readonly string[], readonly string[]] | undefined {
  const lists = [link["ipv4"], link["ipv6"]].filter((list) => Array.isArray(list));
  if (lists.length === 0) return undefined;
  const of = (at: number) => lists.map((list) => String(list[at] ?? "")).filter((address) => address !== "");
  return [of(0), of(1)];
}

// Kathará's labs: lab.conf says which device has which interface in which collision domain. A domain of two is a link, one of more
// a switch; start-up scripts are run by the shell.
//
// Facts: docs/kathara-lab.conf.5.ronn and kathara-lab-dirs.7.ronn of KatharaFramework/Kathara.

import { LabError } from "./lab-error.ts";
import type { LinkOptions } from "./link.ts";
import type { LabPlan, PlanLink, PlanNode } from "./plan.ts";

const lineForm = /^([a-z0-9_]{1,30})\[(\w+)\]\s*=\s*(.*)$/;
const metaForm = /^(LAB_\w+)\s*=/;
/** Options of devices that mean nothing here but to an image. */
const reserved = new Set(["shared", "_test"]);

/** What a lab's folder holds beside lab.conf. */
export interface KatharaFolder {
  /** `<device>.startup` by device. */
  readonly startup: ReadonlyMap<string, string>;
  /** Files and folders that are there and not followed. */
  readonly others: readonly string[];
}

/** Reads lab.conf. */
export function readKathara(text: string, name: string, { startup, others }: KatharaFolder): LabPlan {
  const notes: string[] = [];
  const devices = new Set<string>();
  const domains = new Map<string, Member[]>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/\s+#.*$/, "").trim();
    if (line === "" || line.startsWith("#")) continue;
    const meta = metaForm.exec(line)?.[1];
    if (meta !== undefined) {
      notes.push(`${meta} is not followed`);
      continue;
    }
    const [, device = "", key = "", said = ""] = lineForm.exec(line) ?? [];
    if (device === "") throw new LabError(`lab.conf:${index + 1}: write device[0]="domain"`);
    if (reserved.has(device)) throw new LabError(`lab.conf:${index + 1}: "${device}" is no device's name`);
    const value = unquoted(said);
    devices.add(device);
    if (!/^\d+$/.test(key)) {
      notes.push(`${device}: ${key} is not followed`);
      continue;
    }
    const [domain = "", mac] = value.split("/");
    if (mac !== undefined) notes.push(`${device}: the hardware address of eth${key} is the lab's own`);
    const members = domains.get(domain) ?? [];
    members.push({ device, ifname: `eth${Number(key)}` });
    domains.set(domain, members);
  }
  for (const device of startup.keys())
    if (!devices.has(device)) notes.push(`${device}.startup is not followed: lab.conf has no "${device}"`);
  for (const other of others) notes.push(`${other} is not followed`);
  return { name, ...layOut(devices, domains, startup), notes };
}

/** An interface in a collision domain. */
interface Member {
  readonly device: string;
  readonly ifname: string;
}

function layOut(
  devices: ReadonlySet<string>,
  domains: ReadonlyMap<string, readonly Member[]>,
  startup: ReadonlyMap<string, string>,
): { readonly nodes: PlanNode[]; readonly links: PlanLink[] } {
  const nodes: PlanNode[] = [...devices].map((name) => {
    const script = startup.get(name);
    return { name, kind: "router", run: script === undefined ? [] : [script] };
  });
  const links: PlanLink[] = [];
  for (const [domain, members] of domains) {
    const [a, b] = members;
    if (members.length === 2 && a !== undefined && b !== undefined && a.device !== b.device) {
      const options: LinkOptions = { name: domain, interfaces: [a.ifname, b.ifname] };
      links.push({ a: a.device, b: b.device, options });
      continue;
    }
    const name = `lan-${domain}`;
    nodes.push({ name, kind: "switch", run: [] });
    for (const { device, ifname } of members)
      links.push({ a: device, b: name, options: { interfaces: [ifname, undefined] } });
  }
  return { nodes, links };
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, "$2");
}

// Labs as YAML files (schemas/lab.schema.json): hosts, routers, switches, links with what is wrong with them, programs.
//
//   name: demo
//   hosts: { h1: , h2: { run: [redis-server] } }
//   switches: [s1]
//   links:
//     - h1 - s1
//     - { between: [h2, s1], delay: 50ms, loss: 1% }

import { parse, YAMLParseError } from "yaml";
import { LabError } from "./lab-error.ts";
import type { LinkOptions } from "./link.ts";
import type { LabPlan, PlanLink, PlanNode } from "./plan.ts";

const topKeys = ["name", "seed", "ipv6", "hosts", "routers", "switches", "links", "$schema"];
const nodeKeys = ["run", "stp"];
/** What a link may say beside its two ends; LinkOptions. */
const linkKeys = [
  "name",
  "mtu",
  "addresses",
  "preset",
  "direction",
  "delay",
  "jitter",
  "delayCorrelation",
  "distribution",
  "loss",
  "ecn",
  "duplicate",
  "corrupt",
  "reorder",
  "gap",
  "rate",
  "packetOverhead",
  "cellSize",
  "cellOverhead",
  "slot",
  "limit",
  "perSegment",
];

type Mapping = Readonly<Record<string, unknown>>;

/** Reads YAML; a LabError that names `path` and the line where it cannot. */
export function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new LabError(`${path}:${error.linePos?.[0].line ?? 1}: ${error.message.split("\n")[0] ?? ""}`);
  }
}

/** Whether a value is a mapping of keys to values. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a lab's file; LabError says what is wrong and where. */
export function readLabFile(text: string, path: string): LabPlan {
  const file = parseYaml(text, path);
  if (!isMapping(file)) throw new LabError(`${path}: a lab is a mapping with hosts and links`);
  checkKeys(file, topKeys, path);
  const nodes: PlanNode[] = [
    ...readNodes(file["hosts"], "host", `${path}: hosts`),
    ...readNodes(file["routers"], "router", `${path}: routers`),
    ...readNodes(file["switches"], "switch", `${path}: switches`),
  ];
  const { name, seed, ipv6, links = [] } = file;
  if (seed !== undefined && typeof seed !== "number") throw new LabError(`${path}: seed is a number`);
  if (ipv6 !== undefined && typeof ipv6 !== "boolean") throw new LabError(`${path}: ipv6 is true or false`);
  if (!Array.isArray(links)) throw new LabError(`${path}: links is a list`);
  return {
    name: typeof name === "string" ? name : nameOf(path),
    seed,
    ipv6,
    nodes,
    links: links.map((link: unknown, index) => readLink(link, `${path}: links[${index}]`)),
    notes: [],
  };
}

/** The file's name without folder and endings. */
export function nameOf(path: string): string {
  return (path.split("/").at(-1) ?? path).replace(/(\.clab)?\.ya?ml$/, "");
}

function checkKeys(mapping: Mapping, known: readonly string[], where: string): void {
  for (const key of Object.keys(mapping)) {
    if (!known.includes(key))
      throw new LabError(
        `${where}: there is no "${key}", only ${known.filter((each) => each !== "$schema").join(", ")}`,
      );
  }
}

/** A list of names, or a mapping of names to what is said of each. */
function readNodes(value: unknown, kind: PlanNode["kind"], where: string): PlanNode[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((name: unknown) => ({ name: String(name), kind, run: [] }));
  if (!isMapping(value)) throw new LabError(`${where} is a list of names or a mapping`);
  return Object.entries(value).map(([name, said]) => readNode(name, said, kind, `${where}.${name}`));
}

function readNode(name: string, said: unknown, kind: PlanNode["kind"], where: string): PlanNode {
  if (said === null || said === undefined) return { name, kind, run: [] };
  if (!isMapping(said)) throw new LabError(`${where} is a mapping`);
  checkKeys(said, nodeKeys, where);
  const { run = [], stp } = said;
  const lines = Array.isArray(run) ? run : [run];
  return { name, kind, stp: stp === true, run: lines.map(String) };
}

function readLink(value: unknown, where: string): PlanLink {
  if (typeof value === "string") {
    const [a, b, ...more] = value.split(/\s+-+\s+|\s+/);
    if (a === undefined || b === undefined || more.length > 0)
      throw new LabError(`${where}: write "h1 - h2"`);
    return { a, b, options: {} };
  }
  if (!isMapping(value)) throw new LabError(`${where} is "h1 - h2" or a mapping with "between"`);
  const { between, ...said } = value;
  if (!Array.isArray(between) || between.length !== 2)
    throw new LabError(`${where}: between is a list of two nodes`);
  checkKeys(said, linkKeys, where);
  const options: LinkOptions = said;
  return { a: String(between[0]), b: String(between[1]), options };
}

// A plan as a drawing: Mermaid for READMEs, DOT for Graphviz.

import type { LabPlan, PlanLink } from "./plan.ts";

/** A flow chart in Mermaid's words: switches are rounded, routers six-sided, what is outside leans. */
export function toMermaid({ nodes, links }: LabPlan): string {
  const lines = ["graph LR"];
  const ids = idsOf(nodes.map(({ name }) => name));
  for (const { name, kind } of nodes) {
    const shape = { host: ["[", "]"], router: ["{{", "}}"], switch: ["(", ")"], outside: ["[/", "/]"] }[kind];
    lines.push(`  ${ids.get(name)}${shape[0]}"${name}"${shape[1]}`);
  }
  for (const link of links) {
    const label = labelOf(link);
    lines.push(`  ${ids.get(link.a)} ---${label === "" ? "" : `|"${escaped(label)}"|`} ${ids.get(link.b)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A graph in Graphviz's words. */
export function toDot({ name, nodes, links }: LabPlan): string {
  const lines = [`graph ${quote(name)} {`];
  for (const node of nodes) {
    const shape = { host: "box", router: "hexagon", switch: "ellipse", outside: "parallelogram" }[node.kind];
    lines.push(`  ${quote(node.name)} [shape=${shape}];`);
  }
  for (const link of links) {
    const label = labelOf(link);
    lines.push(`  ${quote(link.a)} -- ${quote(link.b)}${label === "" ? "" : ` [label=${quote(label)}]`};`);
  }
  return `${lines.join("\n")}\n}\n`;
}

/** Words that Mermaid reads as its own where an id should stand. */
const mermaidWords: readonly string[] = [
  ...["end", "graph", "flowchart", "subgraph", "style", "linkstyle"],
  ...["class", "classdef", "click", "default"],
];

/** An id for each name, of its letters and digits; no two alike, and none a word of Mermaid's. */
function idsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  const taken = new Set(mermaidWords);
  for (const name of names) {
    const base = name.replace(/\W/g, "_");
    let id = base;
    for (let number = 2; taken.has(id.toLowerCase()); number++) id = `${base}_${number}`;
    taken.add(id.toLowerCase());
    ids.set(name, id);
  }
  return ids;
}

/** Quotes end a text of Mermaid's. */
function escaped(text: string): string {
  return text.replaceAll('"', "#quot;");
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** What is wrong with a link, in short. */
function labelOf({ options }: PlanLink): string {
  const { preset, delay, loss, rate } = options;
  return [preset, delay, loss === undefined ? undefined : `loss ${text(loss)}`, rate]
    .filter((part) => part !== undefined && part !== null)
    .map(text)
    .join(" ");
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}

// A plan as a drawing: Mermaid for READMEs, DOT for Graphviz.

import type { LabPlan, PlanLink } from "./plan.ts";

/** A flow chart in Mermaid's words: switches are rounded, routers six-sided. */
export function toMermaid({ nodes, links }: LabPlan): string {
  const lines = ["graph LR"];
  for (const { name, kind } of nodes) {
    const shape = { host: ["[", "]"], router: ["{{", "}}"], switch: ["(", ")"] }[kind];
    lines.push(`  ${idOf(name)}${shape[0]}"${name}"${shape[1]}`);
  }
  for (const link of links) {
    const label = labelOf(link);
    lines.push(`  ${idOf(link.a)} ---${label === "" ? "" : `|"${label}"|`} ${idOf(link.b)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A graph in Graphviz's words. */
export function toDot({ name, nodes, links }: LabPlan): string {
  const lines = [`graph ${quote(name)} {`];
  for (const node of nodes) {
    const shape = { host: "box", router: "hexagon", switch: "ellipse" }[node.kind];
    lines.push(`  ${quote(node.name)} [shape=${shape}];`);
  }
  for (const link of links) {
    const label = labelOf(link);
    lines.push(`  ${quote(link.a)} -- ${quote(link.b)}${label === "" ? "" : ` [label=${quote(label)}]`};`);
  }
  return `${lines.join("\n")}\n}\n`;
}

function idOf(name: string): string {
  return name.replace(/\W/g, "_");
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

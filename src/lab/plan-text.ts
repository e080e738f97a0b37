// A plan in words, for `uveth inspect` and `uveth up --dry-run`.

import type { LabPlan } from "./plan.ts";

/** Its nodes, links and notes, one line each. */
export function planText({ name, nodes, links, notes }: LabPlan): string {
  const lines = [`lab ${name}: ${nodes.length} nodes, ${links.length} links`];
  for (const node of nodes)
    lines.push(
      `  ${node.kind.padEnd(7)} ${node.name}${node.endpoint === undefined ? "" : ` ${node.endpoint}`}${node.run.length > 0 ? ` (${node.run.length} to run)` : ""}`,
    );
  for (const { a, b, options } of links) {
    const said = Object.keys(options).length === 0 ? "" : ` ${JSON.stringify(options)}`;
    lines.push(`  link    ${a} ── ${b}${said}`);
  }
  for (const note of notes) lines.push(`  note: ${note}`);
  return `${lines.join("\n")}\n`;
}

// What can be typed at a running lab: `h1 ping h2`, `pingall`, `link h1 h2 down`, `netem h1-h2 delay=50ms`, `partition h1 | h2,h3`.

import { NetlinkError } from "../index.ts";
import { messageOf } from "./changes.ts";
import type { Lab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import type { LabLink, LinkFaults } from "./link.ts";
import type { LabNode } from "./node.ts";
import { Host, Outside } from "./node.ts";

/** The words there are. */
const PROMPT_HELP = `NODE ping NODE         one echo request, by name
NODE COMMAND ...       a program of the system in a host
pingall                every host pings every other
nodes | links          what there is, with addresses and faults
link A B up|down       takes a wire down, or mends it
netem LINK KEY=VALUE   delay=50ms jitter=5ms loss=1% rate=10mbit ...; "netem LINK off"
partition A,B | C,D    groups that do not hear one another; "heal" ends all faults
help | exit
`;

/** Runs one line and returns what to print; LabError for what cannot be. */
export async function runLine(lab: Lab, line: string): Promise<string> {
  const [word = "", ...rest] = line.trim().split(/\s+/);
  switch (word) {
    case "":
      return "";
    case "help":
      return PROMPT_HELP;
    case "pingall":
      return pingAllText(lab);
    case "nodes":
      return nodesText(lab);
    case "links":
    case "net":
      return linksText(lab);
    case "link":
      return setLink(lab, rest);
    case "netem":
      return setNetem(lab, rest);
    case "partition":
      return partition(lab, rest);
    case "heal":
      await lab.heal();
      return "";
    default:
      return runInHost(lab, word, rest);
  }
}

/** The result of pinging all, as a line or two. */
export async function pingAllText(lab: Lab): Promise<string> {
  const { sent, received, lost } = await lab.pingAll();
  const missing = lost.map((pair) => `  ${pair}\n`).join("");
  return `${received} of ${sent} answered\n${missing}`;
}

/** The nodes with their addresses. */
export function nodesText(lab: Lab): string {
  return [...lab.nodes.values()]
    .map((node) =>
      `${node.name.padEnd(16)} ${node.kind.padEnd(7)} ${node instanceof Host ? node.addresses.join(" ") : endpointText(node)}`.trimEnd(),
    )
    .concat("")
    .join("\n");
}

function endpointText(node: LabNode): string {
  if (!(node instanceof Outside)) return "";
  return typeof node.endpoint === "string" ? node.endpoint : "a channel";
}

/** The links with what is wrong with them. */
export function linksText(lab: Lab): string {
  return lab.links
    .map(
      ({ name, a, b }) =>
        `${name.padEnd(20)} ${a.node.name}:${a.ifname} ── ${b.node.name}:${b.ifname}${faultText(a.faults)}`,
    )
    .concat("")
    .join("\n");
}

function faultText(faults: object): string {
  const said = Object.entries(faults).map(
    ([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  return said.length === 0 ? "" : `  ${said.join(", ")}`;
}

function linkOf(lab: Lab, name: string): LabLink {
  const link = lab.links.find((each) => each.name === name);
  if (link === undefined) throw new LabError(`There is no link "${name}", try "links"`);
  return link;
}

async function setLink(lab: Lab, [a = "", b = "", state]: readonly string[]): Promise<string> {
  const link = lab.links.find(
    (each) => each.ends.some(({ node }) => node.name === a) && each.ends.some(({ node }) => node.name === b),
  );
  if (link === undefined) throw new LabError(`There is no link between "${a}" and "${b}"`);
  if (state === "down") await link.down();
  else if (state === "up") await link.up();
  else throw new LabError('Write "link A B up" or "link A B down"');
  return "";
}

async function setNetem(lab: Lab, [name = "", ...words]: readonly string[]): Promise<string> {
  const link = linkOf(lab, name);
  if (words.length === 1 && words[0] === "off") {
    await link.netem(null);
    return "";
  }
  const faults = Object.fromEntries(
    words.map((word) => {
      const [key = "", value = ""] = word.split("=", 2);
      if (value === "") throw new LabError(`Write KEY=VALUE, as delay=50ms, in place of "${word}"`);
      return [key, /^\d+$/.test(value) && key !== "delay" && key !== "jitter" ? Number(value) : value];
    }),
  );
  const changes: LinkFaults = faults;
  await link.netem(changes);
  return "";
}

async function partition(lab: Lab, words: readonly string[]): Promise<string> {
  const groups = words
    .join(" ")
    .split("|")
    .map((group) => group.split(/[\s,]+/).filter((name) => name !== ""));
  await lab.partition(...groups);
  return "";
}

/** The time that one ping took, or why it did not go, or that nobody answered. */
async function pingText(node: Host, target: string): Promise<string> {
  try {
    const { received, rttNs } = await node.ping(target, { timeoutMs: 2_000 });
    const [rtt = 0] = rttNs;
    return received === 0 ? "no answer" : `${(rtt / 1e6).toFixed(3)} ms`;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return messageOf(error);
  }
}

async function runInHost(lab: Lab, name: string, words: readonly string[]): Promise<string> {
  const node = lab.nodes.get(name);
  if (node === undefined) throw new LabError(`There is neither a command nor a node "${name}", try "help"`);
  if (!(node instanceof Host)) throw new LabError(`"${name}" is no host`);
  const [command, target] = words;
  if (command === undefined) throw new LabError(`What is "${name}" to do? Try "${name} ping NODE"`);
  if (command === "ping" && target !== undefined && words.length === 2) {
    return `${name} → ${target}: ${await pingText(node, target)}\n`;
  }
  // Names of the lab become addresses, as Mininet has it.
  const argv = words.map((word) => (lab.nodes.get(word) instanceof Host ? lab.resolve(word, node) : word));
  const { stdout, stderr, exitCode } = await node.exec(argv);
  return `${stdout}${stderr}${exitCode === 0 ? "" : `(exit code ${exitCode})\n`}`;
}

// What `uveth up`, `down`, `apply`, `events`, `inspect` and `graph` say of themselves: each of itself.

/** The text of each, its line of usage first. */
const HELP: Readonly<Record<string, string>> = {
  up: `Usage: uveth up [ FILE | FOLDER | --topo TOPOLOGY ] [ --detach ] [ --name NAME ] [ --seed N ] [ --no-ipv6 ]
                [ --test pingall ] [ --dry-run ] [ --json ]

Brings a lab up and takes lines from standard input: "h1 ping h2", "pingall", "netem h1-s1 delay=50ms", "help". The lab ends with
the command, or by "uveth down". FILE is a lab's YAML file or one of containerlab's, FOLDER one of Kathará's; what of it cannot be
followed is said.
  --topo        minimal, single,K, linear,K,N, tree,DEPTH,FANOUT, torus,X,Y or mesh,K; single,2 without a file
  -d, --detach  leaves the lab in a process of its own and says its name; what programs write is in a log beside its socket
  --name        what the lab is called, in place of the name in its file
  --seed        what all chance comes from, in place of the file's seed and of UVETH_SEED
  --no-ipv6     IPv4 alone
  --test        does this and ends: pingall
  --dry-run     says what would be made
  --json        events, one object a line
`,
  down: `Usage: uveth down [ NAME | FILE | --all ]

Ends a lab, and returns when nothing is left of it. Without a name it is the one lab that runs.
`,
  apply: `Usage: uveth apply FILE [ --name NAME ] [ --dry-run ] [ --json ]

Makes what differs between the lab that runs and its file as the file says: nodes, links, faults, programs; "-" goes, "+" comes,
"~" changes. Nothing else is disturbed. When a step is refused, those before it are taken back. Partitions stay.
  --name      the lab, when it is not called as its file says
  --dry-run   says what would change
  --json      changes, one object a line
`,
  events: `Usage: uveth events [ NAME | FILE ] [ --json ]

Tells of links, faults, programs and dropped frames as they happen; schemas/events.schema.json says what --json prints. Without a
name it is the one lab that runs.
`,
  inspect: `Usage: uveth inspect { FILE | FOLDER } [ --json ]

Says what a lab's file means, without making it: nodes, links, and what of a containerlab or Kathará lab cannot be followed.
`,
  graph: `Usage: uveth graph { FILE | FOLDER } [ --mermaid | --dot ]

Draws a lab's file in the words of Mermaid, or of Graphviz with --dot: uveth graph lab.yaml --dot | dot -Tsvg > lab.svg
`,
};

/** What a command is, and how it is used. */
export function helpOf(command: string): string {
  return HELP[command] ?? "";
}

/** Says what is wrong with its words, and where more is said. */
export function wrongWords(command: string, text: string): string {
  return `${command}: ${text}, try "uveth ${command} --help"\n`;
}

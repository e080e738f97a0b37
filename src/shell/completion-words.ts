// Which words can come next on a command line.

import type { NamesOf } from "./current-names.ts";
import { currentNames } from "./current-names.ts";

/** A place on the way through a command line. */
interface Step {
  /** Words that choose what comes after them, in the order in which abbreviations find them. */
  readonly commands?: Readonly<Record<string, Step>>;
  /** Other words that can stand here, and from here on. */
  readonly words?: string;
  /** What the first word may name instead. */
  readonly names?: NamesOf;
}

const IP_OPTIONS = "-json -pretty -details -statistics -oneline -brief -4 -6 -netns -color -batch -all";

const LINK: Step = {
  commands: {
    add: { words: "name type mtu address up index netns numtxqueues numrxqueues" },
    set: {
      names: "devices",
      words:
        "dev up down mtu address name alias master nomaster netns arp multicast promisc txqueuelen group",
    },
    show: { names: "devices", words: "dev up type group master nomaster" },
    del: { names: "devices", words: "dev type group" },
    property: { commands: { add: { words: "dev altname" }, del: { words: "dev altname" } } },
    help: {},
  },
};

const ADDRESS_WORDS = "dev peer broadcast scope label valid_lft preferred_lft noprefixroute nodad";
const ADDR: Step = {
  commands: {
    show: { names: "devices", words: "dev scope to up label type" },
    add: { words: ADDRESS_WORDS },
    change: { words: ADDRESS_WORDS },
    replace: { words: ADDRESS_WORDS },
    del: { words: "dev" },
    flush: { names: "devices", words: "dev scope to label" },
    help: {},
  },
};

/** What is listed, added and deleted by like words. */
const MODIFY: Step = {
  commands: { show: { words: "dev" }, add: { words: "dev" }, del: { words: "dev" }, help: {} },
};

const TC_OBJECT: Step = {
  commands: {
    add: { words: "dev root parent handle netem tbf htb prio pfifo bfifo fq_codel clsact" },
    change: { words: "dev root parent handle" },
    replace: { words: "dev root parent handle" },
    show: { words: "dev" },
    del: { words: "dev root parent handle" },
    help: {},
  },
};

const ROUTE_WORDS = "default via dev src metric table proto scope mtu";
const ROUTE: Step = {
  commands: {
    show: { words: "dev via table proto scope" },
    add: { words: ROUTE_WORDS },
    del: { words: ROUTE_WORDS },
    change: { words: ROUTE_WORDS },
    replace: { words: ROUTE_WORDS },
    append: { words: ROUTE_WORDS },
    get: { words: "from iif oif" },
    flush: { words: "dev table proto scope" },
    help: {},
  },
};

const NEIGH_WORDS = "dev lladdr nud proxy";
const NEIGH: Step = {
  commands: {
    show: { words: "dev nud proxy" },
    add: { words: NEIGH_WORDS },
    del: { words: NEIGH_WORDS },
    change: { words: NEIGH_WORDS },
    replace: { words: NEIGH_WORDS },
    flush: { words: "dev nud" },
    get: { words: "dev proxy" },
    help: {},
  },
};

const NETNS: Step = {
  commands: {
    list: {},
    add: {},
    del: { names: "namespaces" },
    set: { names: "namespaces" },
    identify: {},
    pids: { names: "namespaces" },
    exec: { names: "namespaces", words: "uveth" },
    monitor: {},
    "list-id": {},
    help: {},
  },
};

const COMMANDS: Step = {
  commands: {
    ip: {
      commands: {
        addr: ADDR,
        route: ROUTE,
        neigh: NEIGH,
        link: LINK,
        rule: MODIFY,
        nexthop: MODIFY,
        monitor: { words: "all address link neigh nsid route" },
        netns: NETNS,
        help: {},
      },
      words: IP_OPTIONS,
    },
    bridge: {
      commands: {
        link: { commands: { set: { words: "dev" }, show: { words: "dev" }, help: {} } },
        fdb: MODIFY,
        mdb: MODIFY,
        vlan: MODIFY,
        monitor: { words: "link fdb mdb vlan all" },
        help: {},
      },
      words: "-statistics -details -json -pretty -oneline -netns -batch -color",
    },
    tc: {
      commands: { qdisc: TC_OBJECT, class: TC_OBJECT, filter: TC_OBJECT, monitor: {}, help: {} },
      words: "-statistics -details -raw -json -pretty -oneline -batch -netns",
    },
    ping: { words: "-c -i -s -W -w -t -Q -I -q -4 -6 -n" },
    attach: { words: "-netns mtu" },
    capture: { words: "-i -w -c -s -e -t -j -q" },
    extcap: { words: "--extcap-interfaces --extcap-interface" },
    exec: { names: "namespaces", words: "-d --detach --map-auto" },
    sysctl: { words: "-a -n -w" },
    run: { words: "-n --no-admin --" },
    ss: { words: "-t -u -a -l -n -4 -6 -o -s -H -j" },
    up: { words: "--topo --detach --name --seed --no-ipv6 --dry-run --json --test" },
    down: { words: "--all" },
    apply: { words: "--dry-run --json --name" },
    events: { words: "--json" },
    inspect: { words: "--json" },
    graph: { words: "--dot --mermaid" },
    shell: { names: "namespaces", words: "--map-auto" },
    daemon: {
      commands: { status: { words: "--json" }, stop: {}, restart: {}, logs: {}, run: {}, help: {} },
    },
    doctor: { words: "--json" },
    completion: { commands: { bash: {}, zsh: {}, fish: {} } },
    help: {},
  },
  words: "--help --version --kernel",
};

/** What follows one word wherever it stands. */
const VALUES: Readonly<Record<string, readonly string[] | NamesOf>> = {
  type: ["bond", "bridge", "dummy", "ifb", "macvlan", "netkit", "nlmon", "veth", "vlan", "vrf", "vxlan"],
  dev: "devices",
  master: "devices",
  "-i": "devices",
  "-I": "devices",
  "-n": "namespaces",
  "-netns": "namespaces",
};

/** The candidates for the last of `typed`, which is unfinished or empty. */
export async function candidates(
  typed: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const finished = typed.slice(0, -1);
  const { words, names } = possible(finished);
  const namespace = finished.findIndex((word) => word === "-n" || word === "-netns");
  const named =
    names && (await currentNames(names, namespace < 0 ? undefined : finished[namespace + 1], env));
  return [...words, ...(named ?? [])].filter((word) => word.startsWith(typed.at(-1) ?? ""));
}

function possible(finished: readonly string[]): { words: readonly string[]; names?: NamesOf | undefined } {
  const value = VALUES[finished.at(-1) ?? ""];
  if (typeof value === "string") return { words: [], names: value };
  if (value !== undefined) return { words: value };
  const { step, isFresh } = follow(finished);
  const words = [...Object.keys(step.commands ?? {}), ...(step.words?.split(" ") ?? [])];
  return { words, names: isFresh ? step.names : undefined };
}

/** Goes through the words as far as they choose commands; `isFresh` when the last one did. */
function follow(finished: readonly string[]): { step: Step; isFresh: boolean } {
  let step = COMMANDS;
  let isFresh = true;
  for (const [index, word] of finished.entries()) {
    const before = finished[index - 1] ?? "";
    if (word.startsWith("-") || before === "-n" || before === "-netns") continue;
    const next: Step | undefined = isFresh ? find(step, word) : undefined;
    if (isFresh && step.commands !== undefined) step = next ?? {};
    isFresh = next !== undefined;
  }
  return { step, isFresh };
}

/** A command by its name, an abbreviation of it, or a longer form (`address` for addr). */
function find({ commands = {} }: Step, word: string): Step | undefined {
  const names = Object.keys(commands);
  const name =
    names.find((one) => one === word) ?? names.find((one) => one.startsWith(word) || word.startsWith(one));
  return name === undefined ? undefined : commands[name];
}

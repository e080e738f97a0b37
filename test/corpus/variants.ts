// A line that shows something is run once more with each of iproute2's options that show it in another form or show more.

const SHOW = /^(list|show|lst|ls|sh|s|l|get|list-id)$/;
/** Programs and their objects that list something when nothing else is asked of them. */
const OBJECTS: Readonly<Record<string, ReadonlySet<string>>> = {
  ip: new Set(
    "link l addr address a route r ro neigh neighbour n netns rule ru nexthop nh maddr netconf vrf ntable".split(
      " ",
    ),
  ),
  bridge: new Set(["link", "fdb", "vlan", "mdb", "vni"]),
  tc: new Set(["qdisc", "class", "filter"]),
};
/** Objects that show a link's counters. */
const COUNTED = /^(l|link|a|addr|address)$/;
/** Objects whose word alone is usage, not a list. */
const NO_DEFAULT = new Set(["get"]);
/** Options that leave the output comparable to itself. */
const OPTIONS = new Set(["-4", "-6", "-0", "-n", "-family", "-f"]);

/**
 * The variants of a line; none for one that is no plain show line, or that has such options already. Those that show a link's
 * counters are left out where these are a matter of when one looks.
 */
export function showVariants(line: string, isCounting: boolean): string[] {
  const words = line.split(" ");
  const [program = "", ...rest] = words;
  const objects = OBJECTS[program];
  if (objects === undefined || /[|;&<>$`'"(){}*]/.test(line)) return [];
  let at = 0;
  for (; rest[at]?.startsWith("-") === true; at++) {
    const option = rest[at] ?? "";
    if (!OPTIONS.has(option)) return [];
    if (option === "-n" || option === "-f" || option === "-family") at++;
  }
  const [object = "", verb] = rest.slice(at);
  if (!objects.has(object) || NO_DEFAULT.has(object)) return [];
  if (verb !== undefined && !SHOW.test(verb)) return [];
  const options = isCounting || !COUNTED.test(object) ? ["-j", "-d", "-s", "-j -d -s -s"] : ["-j", "-d"];
  return options.map((option) => [program, option, ...rest].join(" "));
}

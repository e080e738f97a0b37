// Wireshark's capture sources: `uveth` linked into its extcap folder offers every device of every namespace, and captures
// into the FIFO that Wireshark reads.
//
// Mirrors Wireshark's extcap interface (doc/extcap.adoc): four questions, each with lines of `name {key=value}` as its answer.

import { dumpLinks } from "../../client/link.ts";
import { NetlinkClient } from "../../netlink/client.ts";
import { NETLINK_ROUTE } from "../../uapi/netlink.ts";
import { UVETH_VERSION } from "../../uapi/uveth.ts";
import { Filter, FilterError } from "../../wire/filter/filter.ts";
import { CommandExit, EXIT_FAILURE } from "../exit.ts";
import { inNetns } from "../in-netns.ts";
import type { CommandIo } from "../io.ts";
import { runCapture } from "./command.ts";

/** Stands for the initial namespace, which has no name, and for all devices of a namespace. */
const initial = "-";
const anyDevice = "any";

const USAGE = `Usage: uveth extcap --extcap-interfaces
       uveth extcap --extcap-interface IFACE { --extcap-dlts | --extcap-config }
       uveth extcap --extcap-interface IFACE --capture --fifo FIFO [ --extcap-capture-filter FILTER ] [ --snaplen BYTES ]
Lets Wireshark list and capture uveth's devices: link the command into the folder of personal extcaps that Wireshark shows
under Help, About, Folders:
  ln -s "$(command -v uveth)" ~/.local/lib/wireshark/extcap/uveth
`;

/** Answers one of Wireshark's questions, or captures until interrupted. */
export async function runExtcap(argv: readonly string[], io: CommandIo): Promise<number> {
  if (argv.length === 0 || ["help", "--help", "-h"].includes(argv[0] ?? "")) {
    io.stdout(USAGE);
    return 0;
  }
  const words = optionsOf(argv);
  if (words.has("extcap-interfaces")) return listInterfaces(io);
  const place = words.get("extcap-interface");
  if (place === undefined || place === "") throw wrong("--extcap-interface is missing");
  if (words.has("extcap-dlts")) {
    io.stdout("dlt {number=1}{name=EN10MB}{display=Ethernet}\n");
    return 0;
  }
  if (words.has("extcap-config")) {
    io.stdout(
      "arg {number=0}{call=--snaplen}{display=Snapshot length}{tooltip=Bytes kept of each frame}{type=unsigned}{required=false}\n",
    );
    return 0;
  }
  const filter = words.get("extcap-capture-filter") ?? "";
  if (words.has("capture")) return capture(io, place, filter, words);
  // Wireshark asks whether a filter is right without capturing; silence says yes.
  if (filter !== "") checkFilter(filter);
  return 0;
}

/** The words as options and their values: `--name value`, `--name=value`, or a flag. */
function optionsOf(argv: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const [name = "", ...value] = (argv[at] ?? "").split("=");
    if (!name.startsWith("--")) throw wrong(`Unknown word "${argv[at]}"`);
    const next = argv[at + 1];
    if (value.length > 0) options.set(name.slice(2), value.join("="));
    else if (next === undefined || next.startsWith("--")) options.set(name.slice(2), "");
    else {
      options.set(name.slice(2), next);
      at++;
    }
  }
  return options;
}

async function listInterfaces(io: CommandIo): Promise<number> {
  io.stdout(`extcap {version=${UVETH_VERSION}}{help=https://www.npmjs.com/package/uveth}\n`);
  const names: (string | undefined)[] = [undefined, ...(await io.listNetns()).toSorted()];
  for (const netns of names) {
    const value = netns ?? initial;
    const devices = [anyDevice, ...(await devicesOf(io, netns))];
    for (const dev of devices) {
      const where = netns === undefined ? "" : ` in ${netns}`;
      const what = dev === anyDevice ? `all devices${where}` : `${dev}${where}`;
      io.stdout(`interface {value=uveth/${value}/${dev}}{display=uveth: ${what}}\n`);
    }
  }
  return 0;
}

/** The names of a namespace's devices, in the order of their numbers. */
async function devicesOf(io: CommandIo, netns: string | undefined): Promise<string[]> {
  const client = new NetlinkClient(await io.provider.openSocket({ protocol: NETLINK_ROUTE, netns }));
  try {
    return (await dumpLinks(client)).map(({ ifname = "" }) => ifname);
  } finally {
    client.close();
  }
}

async function capture(
  io: CommandIo,
  place: string,
  filter: string,
  words: ReadonlyMap<string, string>,
): Promise<number> {
  const [scheme, netns, dev = anyDevice] = place.split("/");
  const fifo = words.get("fifo") ?? "";
  if (scheme !== "uveth" || netns === undefined) throw wrong(`Unknown interface "${place}"`);
  if (fifo === "") throw wrong("--fifo is missing");
  const snaplen = words.get("snaplen") ?? "";
  const argv = [
    "-q",
    "-w",
    fifo,
    "-i",
    dev,
    ...(snaplen === "" ? [] : ["-s", snaplen]),
    ...(filter === "" ? [] : ["--", filter]),
  ];
  return runCapture(argv, netns === initial ? io : inNetns(io, netns));
}

function checkFilter(filter: string): void {
  try {
    new Filter(filter);
  } catch (error) {
    if (error instanceof FilterError) throw new CommandExit(EXIT_FAILURE, `${error.message}\n`);
    throw error;
  }
}

function wrong(text: string): CommandExit {
  return new CommandExit(EXIT_FAILURE, `extcap: ${text}\n`);
}

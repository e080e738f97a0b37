// `uveth attach DEV ENDPOINT`: a device whose wire leads out of the machine.

import { UvethClient } from "../../client/uveth.ts";
import { NetlinkClient } from "../../netlink/client.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import { NETLINK_GENERIC } from "../../uapi/netlink.ts";
import { CommandExit, EXIT_FAILURE } from "../exit.ts";
import type { CommandIo } from "../io.ts";

const USAGE = `Usage: uveth attach [ -n[etns] NETNS ] [ mtu MTU ] DEV ENDPOINT
Makes the device DEV, a TAP, whose wire leads out of the machine: to a virtual machine, to a switch of another program,
to another machine. It has carrier while somebody is there, and lasts until "uveth ip link del DEV".
ENDPOINT := listen:PATH | listen:[HOST:]PORT     frames in a stream, as QEMU's -netdev stream, passt and gvproxy speak
          | connect:PATH | connect:[HOST:]PORT   the same, from the other end; made again when it is lost
          | dgram:PATH,PATH                      a frame for each datagram, from the first Unix socket to the second
          | udp:[HOST:]PORT,[HOST:]PORT          the same over UDP
          | vde:FOLDER | vde:FOLDER[PORT]        a port of a vde_switch
HOST is 127.0.0.1 where it is not said. Example, a virtual machine on a bridge:
  uveth attach -n sw vm0 listen:/tmp/vm0.sock
  uveth ip -n sw link set vm0 master br0 up
  qemu-system-x86_64 … -device virtio-net-pci,netdev=n0 \\
    -netdev stream,id=n0,server=off,addr.type=unix,addr.path=/tmp/vm0.sock
`;

/** What the words say. */
interface AttachWords {
  readonly netns: string | undefined;
  readonly ifname: string;
  readonly endpoint: string;
  readonly mtu: number | undefined;
}

/** Makes the device and resolves when its wire is there. */
export async function runAttach(argv: readonly string[], io: CommandIo): Promise<number> {
  if (argv.some((word) => word === "-h" || word === "--help" || word === "help")) {
    io.stdout(USAGE);
    return 0;
  }
  const { endpoint, ifname, mtu, netns = io.netns } = parseWords(argv);
  const client = new NetlinkClient(
    await io.provider.openSocket({ protocol: NETLINK_GENERIC, netns: io.netns }),
  );
  try {
    const uveth = await UvethClient.open(client);
    await uveth.attach(netns, ifname, absolute(endpoint, io), mtu);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new CommandExit(EXIT_FAILURE, `attach: ${textOf(error, netns, ifname)}\n`);
  } finally {
    client.close();
  }
  return 0;
}

function parseWords(argv: readonly string[]): AttachWords {
  const words = [...argv];
  const plain: string[] = [];
  let netns: string | undefined;
  let mtu: number | undefined;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "-n" || word === "-netns" || word === "--netns")
      netns = words.shift() ?? wrong("A name is missing");
    else if (word === "mtu") mtu = mtuOf(words.shift());
    else if (word.startsWith("-")) wrong(`Unknown option "${word}"`);
    else plain.push(word);
  }
  const [ifname, endpoint, ...more] = plain;
  if (ifname === undefined) return wrong("A device is missing");
  if (endpoint === undefined) return wrong("An endpoint is missing");
  if (more.length > 0) wrong(`Unknown word "${more[0]}"`);
  return { netns, ifname, endpoint, mtu };
}

function mtuOf(text: string | undefined): number {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return wrong(`"${text ?? ""}" is no MTU`);
  return Number(text);
}

/** An endpoint whose paths mean the same to the daemon as to whoever typed them. */
function absolute(endpoint: string, { cwd }: CommandIo): string {
  const colon = endpoint.indexOf(":") + 1;
  if (cwd === undefined) return endpoint;
  const isPath = /^(dgram|vde):/.test(endpoint);
  const whole = (part: string): string => {
    const isRelative = !part.startsWith("/") && (part.includes("/") || (isPath && part !== ""));
    return isRelative ? `${cwd}/${part.replace(/^\.\//, "")}` : part;
  };
  return endpoint.slice(0, colon) + endpoint.slice(colon).split(",").map(whole).join(",");
}

function textOf({ code, errno, message }: NetlinkError, netns: string | undefined, ifname: string): string {
  if (message !== "") return message;
  if (code === "ENOENT") return `There is no namespace "${netns ?? ""}"`;
  if (code === "EEXIST") return `There is a device "${ifname}" already`;
  return errnoText(-errno);
}

function wrong(text: string): never {
  throw new CommandExit(EXIT_FAILURE, `attach: ${text}\n${USAGE}`);
}

// `uveth run`: becomes the program it is asked to start, with the preload library in front of the C library and a namespace of
// the daemon's machine to live in.
//
// Exit codes: the program's own; 127 when it cannot be found, 126 when it cannot be run, 1 without daemon or namespace, 255
// for wrong words.

import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { becomeProgram } from "../attach/node/become-program.ts";
import { findSupervised, whyUnreached } from "../attach/node/reach.ts";
import { connectDaemon } from "../daemon/client.ts";
import { daemonPlace, ownUid } from "../daemon/place.ts";
import { NETNS_FD, runPlace } from "../daemon/seqpacket-protocol.ts";
import { NetlinkError } from "../netlink/error.ts";
import { errnoText } from "../uapi/errno.ts";

/** What the command needs of the process. */
export interface RunIo {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const USAGE = `Usage: uveth run [ -n NETNS ] [ --no-admin ] [ -- ] COMMAND [ ARGUMENTS ]

Runs an unmodified program on the daemon's machine: its netlink sockets (NETLINK_ROUTE, NETLINK_GENERIC) and its network
namespaces are uveth's, everything else is the system's. It begins in the initial namespace, or in NETNS.
  --no-admin  without CAP_NET_ADMIN: what changes anything is refused (EPERM)

Beside netlink it finds there: ioctl(2) on interfaces, addresses, routes, ARP entries, bridges and SIOCETHTOOL; what can be read
and written of interfaces and bridges in /sys/class/net; routes, neighbours, groups and sockets in /proc/net; the settings below /proc/sys/net; /run/netns; setns,
unshare and /proc/PID/ns/net; and etun's parameters newif and delif. In a user namespace of its own it rules the network
namespaces made there, and no other.

TCP, UDP, raw and packet sockets are the kernel's: the first one that is to carry anything makes the namespace native, as "uveth
exec" does, and netfilter, IPsec and lists of sockets are there too. Where the system forbids that, to bind, connect or send is
refused: a program never uses the host's network. Names of hosts are looked up in files only.

Programs that are linked statically, of another C library or make system calls by themselves (Go) are led by a supervisor
(seccomp, Linux 5.19), and may have a namespace for one thread of several.

Not reached: set-user-ID programs and those of another architecture; a namespace for one thread of several and clone with
CLONE_NEWNET where a program is not supervised; setns by a pidfd, counters of a namespace in /proc/net, multicast addresses by
ioctl, netlink sockets that are connected to other sockets, files of /sys and /proc in a program that has become another user;
programs that forbid themselves to open sockets, as dhcpcd does ("uveth exec" runs them); of a supervised program copies of
netlink sockets below descriptor 768.
`;

const EXIT_FAILURE = 1;
const EXIT_CANNOT_RUN = 126;
const EXIT_NOT_FOUND = 127;
const EXIT_USAGE = 255;

interface Words {
  readonly netns: string | undefined;
  readonly isAdmin: boolean;
  readonly command: readonly string[];
}

/** Runs `uveth run` with the words behind it. Returns only when the program could not be started. */
export async function runProgram(argv: readonly string[], io: RunIo): Promise<number> {
  if (argv[0] === "--help" || argv[0] === "-h" || argv[0] === "help") {
    io.stdout(USAGE);
    return 0;
  }
  const words = parseWords(argv);
  if (words === undefined) {
    io.stderr(USAGE);
    return EXIT_USAGE;
  }
  const library = fileURLToPath(new URL("./preload.so", import.meta.url));
  if (!existsSync(library)) {
    io.stderr(`Cannot run a program: ${library} is missing; install a C compiler and type "npm run build"\n`);
    return EXIT_FAILURE;
  }
  return start(words, library, io);
}

function parseWords(argv: readonly string[]): Words | undefined {
  let netns: string | undefined;
  let isAdmin = true;
  let at = 0;
  for (; at < argv.length && argv[at]?.startsWith("-"); at++) {
    const word = argv[at];
    if (word === "--") {
      at++;
      break;
    }
    if (word === "--no-admin") isAdmin = false;
    else if (word === "-n" || word === "--netns") netns = argv[++at] ?? "";
    else return undefined;
  }
  const command = argv.slice(at);
  return command.length === 0 || netns === "" ? undefined : { netns, isAdmin, command };
}

async function start({ netns, isAdmin, command }: Words, library: string, io: RunIo): Promise<number> {
  const [program = ""] = command;
  const why = await whyUnreached(library, program);
  const supervisor = fileURLToPath(new URL("./uveth-supervise", import.meta.url));
  const supervised =
    why !== undefined && existsSync(supervisor) ? await findSupervised(library, program) : undefined;
  if (why !== undefined && supervised === undefined) {
    const instead = `uveth exec ${netns ?? "NETNS"} -- ${program}`;
    io.stderr(`Cannot lead "${program}" to a uveth namespace: ${why}; type "${instead}"\n`);
    return EXIT_CANNOT_RUN;
  }
  const daemon = daemonPlace({ env: io.env, uid: ownUid() });
  const place = runPlace(daemon.socket);
  const client = await connectDaemon({ env: io.env });
  if (!existsSync(place.socket)) {
    client.close();
    io.stderr(`Cannot run a program: the daemon does not serve any, "uveth daemon logs" says why\n`);
    return EXIT_FAILURE;
  }
  const home = openHome(place.folder, netns, io);
  if (home === undefined) return EXIT_FAILURE;
  const preload = [library, io.env["LD_PRELOAD"] ?? ""].filter((one) => one !== "").join(":");
  const env: Record<string, string | undefined> = {
    ...io.env,
    // It is for what the program starts, if it is not for the program.
    LD_PRELOAD: supervised?.isForeign === true ? io.env["LD_PRELOAD"] : preload,
    UVETH_SOCKET: daemon.socket,
    UVETH_RUN_SOCKET: place.socket,
    UVETH_RUN_FOLDER: place.folder,
    UVETH_RUN_NO_ADMIN: isAdmin ? undefined : "1",
  };
  // The connection to the daemon is closed by exec, when the program's descriptor already holds the namespace.
  const failed = await becomeProgram({
    command: supervised === undefined ? command : [supervisor, supervised.path, ...command],
    env,
    descriptors: [[home, NETNS_FD]],
  });
  io.stderr(`Cannot run "${program}": ${errnoText(-failed)}\n`);
  return failed === NetlinkError.fromErrno(-2).errno ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

/** Opens the file of the namespace to begin in, or says that there is none. */
function openHome(folder: string, netns: string | undefined, io: RunIo): number | undefined {
  const path = netns === undefined ? join(folder, "id", "1") : join(folder, "netns", netns);
  try {
    if (netns?.includes("/") === true) throw new Error("No name");
    return openSync(path, "r");
  } catch {
    io.stderr(`Cannot open network namespace "${netns ?? ""}": No such file or directory\n`);
    return undefined;
  }
}

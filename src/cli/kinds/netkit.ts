// `type netkit [ mode MODE ] [ POLICY ] [ peer [ POLICY <options> ] ]`: the options of the peer are those of `ip link add`.
//
// Facts: iproute2 6.7, the first that knows the kind.

import type { NetkitRequest } from "../../client/kinds/netkit.ts";
import { NETKIT_MODES, NETKIT_POLICIES, writeNetkit } from "../../client/kinds/netkit.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import * as link from "../../uapi/if_link.ts";
import { CommandExit, duplicate, EXIT_FAILURE } from "../exit.ts";
import type { IpContext } from "../ip/context.ts";
import { parseLink } from "../ip/link/parse.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import type { CommandKind } from "./kind.ts";
import { kindUsage } from "./words.ts";

const HELP = `Usage: ... netkit [ mode MODE ] [ POLICY ] [ peer [ POLICY <options> ] ]

MODE: l3 | l2
POLICY: forward | blackhole
(first values are the defaults if nothing is specified)

To get <options> type 'ip link add help'.
`;

/** A pair of devices made for programs in between. */
export const netkit: CommandKind = {
  kind: "netkit",
  help: HELP,
  async parse(ip, words, isCreate) {
    const request: NetkitRequest = {};
    let hasPeer = false;
    for (let word = words.take(); word !== undefined; word = words.take()) {
      if (word === "peer") {
        if (hasPeer) throw duplicate("peer", words.value());
        hasPeer = true;
      } else if (word === "forward" || word === "blackhole") {
        request[hasPeer ? "peerPolicy" : "policy"] = NETKIT_POLICIES[word];
      } else if (word === "mode") takeMode(request, words.value());
      else if (hasPeer) await takePeer(request, ip, words, isCreate);
      else throw kindUsage(HELP, `netkit: unknown option "${word}"?\n`);
    }
    return (writer) => writeNetkit(writer, request);
  },
  print,
};

function takeMode(request: NetkitRequest, word: string): void {
  if (request.mode !== undefined) throw duplicate("mode", word);
  if (word !== "l2" && word !== "l3") {
    throw new CommandExit(EXIT_FAILURE, 'Error: argument of "mode" must be either "l3" or "l2"\n');
  }
  request.mode = NETKIT_MODES[word];
}

async function takePeer(
  request: NetkitRequest,
  ip: IpContext,
  words: Words,
  isCreate: boolean,
): Promise<void> {
  words.back();
  request.peer = (await parseLink(ip, words, { isCreate, isPeer: true })).request;
}

const MODE_NAMES = ["l2", "l3"] as const;
const POLICY_NAMES: ReadonlyMap<number, string> = new Map([
  [link.NETKIT_PASS, "forward"],
  [link.NETKIT_DROP, "blackhole"],
]);

function print(out: Output, data: Attribute): void {
  const mode = data.child(link.IFLA_NETKIT_MODE)?.u32();
  if (mode !== undefined) field(out, "mode", "mode", MODE_NAMES[mode]);
  const primary = data.child(link.IFLA_NETKIT_PRIMARY)?.u8();
  if (primary !== undefined) field(out, "type", "type", primary === 0 ? "peer" : "primary");
  const policy = data.child(link.IFLA_NETKIT_POLICY)?.u32();
  if (policy !== undefined) field(out, "policy", "policy", POLICY_NAMES.get(policy));
  const peerPolicy = data.child(link.IFLA_NETKIT_PEER_POLICY)?.u32();
  if (peerPolicy !== undefined) field(out, "peer_policy", "peer policy", POLICY_NAMES.get(peerPolicy));
}

function field(out: Output, key: string, words: string, value = "UNKNOWN"): void {
  out.field(key, value, `${words} ${value} `);
}

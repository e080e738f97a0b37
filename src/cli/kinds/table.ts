// The kinds `ip` has words for. A kind that is not here can still be made and shown, by its name alone.

import { bond, bondSlave } from "./bond.ts";
import { bridge } from "./bridge.ts";
import { bridgeSlave } from "./bridge-slave.ts";
import { dummy } from "./dummy.ts";
import { ifb } from "./ifb.ts";
import type { CommandKind } from "./kind.ts";
import { macvlan } from "./macvlan.ts";
import { netkit } from "./netkit.ts";
import { nlmon } from "./nlmon.ts";
import { tun } from "./tun.ts";
import { veth } from "./veth.ts";
import { vlan } from "./vlan.ts";
import { vrf, vrfSlave } from "./vrf.ts";
import { vxlan } from "./vxlan.ts";

const KINDS: readonly CommandKind[] = [
  bond,
  bondSlave,
  bridge,
  bridgeSlave,
  dummy,
  ifb,
  macvlan,
  netkit,
  nlmon,
  tun,
  veth,
  vlan,
  vrf,
  vrfSlave,
  vxlan,
];

/** The kind of a name; undefined if it has no words of its own. */
export function commandKind(kind: string): CommandKind | undefined {
  return KINDS.find((known) => known.kind === kind);
}

// What -details adds to a link: counters of promiscuity, limits, the kind and its attributes, queues, where it is attached.

import type { Link } from "../../../client/link.ts";
import { commandKind } from "../../kinds/table.ts";
import type { Output } from "../../output.ts";
import type { IpContext } from "../context.ts";
import { ADDR_GEN_MODES } from "./names.ts";

/** Prints the details of a link; those of its IPv6 half belong to `ip link`. */
export function printDetails(ip: IpContext, out: Output, link: Link, isLinkCommand: boolean): void {
  number(out, "promiscuity", link.promiscuity, " promiscuity ");
  number(out, "allmulti", link.allmulti, " allmulti ");
  number(out, "min_mtu", link.minMtu, "minmtu ");
  number(out, "max_mtu", link.maxMtu, "maxmtu ");
  printKind(ip, out, link);
  if (isLinkCommand) printAddrGenMode(out, link);
  number(out, "num_tx_queues", link.numTxQueues, "numtxqueues ");
  number(out, "num_rx_queues", link.numRxQueues, "numrxqueues ");
  number(out, "gso_max_size", link.gsoMaxSize, "gso_max_size ");
  number(out, "gso_max_segs", link.gsoMaxSegs, "gso_max_segs ");
  number(out, "tso_max_size", link.tsoMaxSize, "tso_max_size ");
  number(out, "tso_max_segs", link.tsoMaxSegs, "tso_max_segs ");
  number(out, "gro_max_size", link.groMaxSize, "gro_max_size ");
  text(out, "phys_port_name", link.physPortName, "portname ");
  text(out, "phys_port_id", link.physPortId, "portid ");
  text(out, "phys_switch_id", link.physSwitchId, "switchid ");
  text(out, "parentbus", link.parentDevBusName, "parentbus ");
  text(out, "parentdev", link.parentDevName, "parentdev ");
}

function number(out: Output, key: string, value: number | undefined, words: string): void {
  if (value !== undefined) out.field(key, value, `${words}${value} `);
}

function text(out: Output, key: string, value: string | undefined, words: string): void {
  if (value !== undefined) out.field(key, value, `${words}${value} `);
}

/** The kind and its data, then the kind of the master and what it has to say of its port. */
function printKind(ip: IpContext, out: Output, { linkinfo }: Link): void {
  if (linkinfo === undefined) return;
  const { kind, data, slaveKind, slaveData } = linkinfo;
  out.openObject("linkinfo");
  if (kind !== undefined) {
    out.newline();
    out.field("info_kind", kind, `    ${kind} `);
    const print = data && commandKind(kind)?.print;
    if (print !== undefined && data !== undefined) {
      out.openObject("info_data");
      print(out, data, ip);
      out.closeObject();
    }
  }
  if (slaveKind !== undefined) {
    out.newline();
    out.field("info_slave_kind", slaveKind, `    ${slaveKind}_slave `);
    const print = slaveData && commandKind(`${slaveKind}_slave`)?.print;
    if (print !== undefined && slaveData !== undefined) {
      out.openObject("info_slave_data");
      print(out, slaveData, ip);
      out.closeObject();
    }
  }
  out.closeObject();
}

function printAddrGenMode(out: Output, link: Link): void {
  const mode = link.afSpec?.inet6?.addrGenMode;
  if (mode === undefined) return;
  const name = ADDR_GEN_MODES[mode] ?? `0x${mode.toString(16).padStart(2, "0")}`;
  out.field("inet6_addr_gen_mode", name, `addrgenmode ${name} `);
}

// Balance of what is received: each client is told, by an ARP reply of its own, the address of another slave to send to.
//
// Mirrors drivers/net/bonding/bond_alb.c (rlb_arp_xmit, rlb_choose_channel, rlb_arp_recv, rlb_update_rx_clients, rlb_rebalance,
// rlb_clear_slave, rlb_teach_disabled_mac_on_primary) and Documentation/networking/bonding.rst (balance-alb).

import { isValidEtherAddr } from "../../../bytes/mac.ts";
import { InDevice } from "../../../inet/ipv4/device.ts";
import { ethHeader } from "../../../net/ethernet.ts";
import { devSetPromiscuity } from "../../../net/flags.ts";
import type { Device, Frame } from "../../../net/netdevice.ts";
import { devQueueXmit } from "../../../net/transmit.ts";
import { ARPOP_REPLY, ARPOP_REQUEST } from "../../../uapi/if_arp.ts";
import { ETH_HLEN, ETH_P_ARP } from "../../../uapi/if_ether.ts";
import * as arp from "../../../wire/arp.ts";
import { VLAN_TAG_SIZE } from "../../../wire/vlan.ts";
import type { Balance, Bond, BondState, Client, Slave } from "../state.ts";
import { sendLearning } from "./learning.ts";
import { UPDATE_DELAY, UPDATE_RETRIES } from "./ticks.ts";

/** A client is told twice each time (RLB_ARP_BURST_SIZE). */
const BURST = 2;

/**
 * Notes what an ARP packet of ours says of a client. The slave that a reply goes by, whose address is written into it; null for
 * what goes by the active one: questions, and packets that are not made here.
 */
export function sendArp(frame: Frame, dev: Bond, balance: Balance): Slave | null {
  const { state } = dev;
  const at = frame.start + ETH_HLEN;
  if (!arp.isEthernetArp(frame.bytes, at, frame.end)) return null;
  if (slaveWith(state, arp.arpSenderMac(frame.bytes, at)) === undefined) return null;
  if (isOfBridge(dev, arp.arpSenderIp(frame.bytes, at))) return null;
  const operation = arp.arpOperation(frame.bytes, at);
  if (operation === ARPOP_REPLY) {
    const slave = assign(frame, at, state, balance);
    if (slave === null || !frame.pool.writable(frame)) return null;
    arp.setArpSenderMac(frame.bytes, frame.start + ETH_HLEN, slave.dev.address);
    return slave;
  }
  if (operation === ARPOP_REQUEST) {
    assign(frame, at, state, balance);
    // All who hear the question send to the active slave from now on; those of other slaves are told again, but later.
    balance.delayTicks = UPDATE_DELAY;
    updateClientsOf(dev, balance, arp.arpSenderIp(frame.bytes, at));
  }
  return null;
}

/** A slave of this address, if there is one (bond_slave_has_mac). */
export function slaveWith({ slaves }: BondState, address: number): Slave | undefined {
  return slaves.find(({ dev }) => dev.address === address);
}

/** Whether an address is a bridge's above the bond: its clients are the bridge's, not ours. */
function isOfBridge({ master }: Device, address: number): boolean {
  if (master?.linkOps?.kind !== "bridge" || !(master.ip instanceof InDevice)) return false;
  return master.ip.addresses.some(({ local }) => (local | 0) === (address | 0));
}

/** The slave of the client of an ARP packet: the one it has, or the next in turn. */
function assign(frame: Frame, at: number, state: BondState, balance: Balance): Slave | null {
  const { bytes } = frame;
  const [ourIp, ip] = [arp.arpSenderIp(bytes, at), arp.arpTargetIp(bytes, at)];
  const [ourMac, mac] = [arp.arpSenderMac(bytes, at), arp.arpTargetMac(bytes, at)];
  const number = numberOf(ip);
  const known = balance.clients.find((client) => client.number === number);
  if (known !== undefined) {
    if (known.ourIp === ourIp && known.ip === ip) {
      if (isValidEtherAddr(mac)) known.mac = mac;
      known.ourMac = ourMac;
      if (known.slave !== null) return known.slave;
    } else if (state.active !== null && known.slave !== state.active) {
      // Its place goes to the new client.
      known.slave = state.active;
      updateClient(known);
    }
  }
  const slave = nextSlave(state, balance);
  if (slave === null) return null;
  const needsUpdate = isValidEtherAddr(mac);
  const { vlanProtocol, vlanTci } = frame;
  const client: Client = { number, ourIp, ip, ourMac, mac, slave, needsUpdate, vlanProtocol, vlanTci };
  if (needsUpdate) balance.needsUpdate = true;
  if (known === undefined) balance.clients.unshift(client);
  else balance.clients[balance.clients.indexOf(known)] = client;
  return slave;
}

/** The place of a client in the table, by its address. */
function numberOf(ip: number): number {
  return (ip ^ (ip >>> 8) ^ (ip >>> 16) ^ (ip >>> 24)) & 0xff;
}

/** The fastest slave behind the one that was assigned last; one before it if that is faster, or there is none. */
function nextSlave({ slaves }: BondState, balance: Balance): Slave | null {
  let before: Slave | null = null;
  let behind: Slave | null = null;
  let isBehind = false;
  for (const slave of slaves) {
    if (!slave.canSend) continue;
    if (isBehind) {
      if (behind === null || behind.speed < slave.speed) behind = slave;
    } else if (before === null || before.speed < slave.speed) before = slave;
    if (slave === balance.lastAssigned) isBehind = true;
  }
  const next = behind === null || (before !== null && behind.speed < before.speed) ? before : behind;
  if (next !== null) balance.lastAssigned = next;
  return next;
}

/** Learns from an ARP packet what address a client has, and that another host has taken one of ours. */
export function hearArp(frame: Frame, balance: Balance): void {
  const { bytes, start, end } = frame;
  if (!arp.isEthernetArp(bytes, start, end)) return;
  const [ip, mac] = [arp.arpSenderIp(bytes, start), arp.arpSenderMac(bytes, start)];
  if (balance.clients.some(({ ourIp, ourMac }) => ourIp === ip && ourMac !== mac)) {
    balance.clients = balance.clients.filter(({ ourIp, ourMac }) => ourIp !== ip || ourMac === mac);
  }
  if (arp.arpOperation(bytes, start) !== ARPOP_REPLY) return;
  const ourIp = arp.arpTargetIp(bytes, start);
  const client = balance.clients.find((each) => each.ip === ip && each.ourIp === ourIp);
  if (client === undefined || client.mac === mac) return;
  client.mac = mac;
  client.needsUpdate = true;
  balance.needsUpdate = true;
}

/** Clients of one of our addresses that are not on the bond's own hardware address are to be told again. */
function updateClientsOf({ address }: Bond, balance: Balance, ourIp: number): void {
  for (const client of balance.clients) {
    if (client.slave === null || client.ourIp !== ourIp || client.slave.dev.address === address) continue;
    if (!isValidEtherAddr(client.mac)) continue;
    client.needsUpdate = true;
    balance.needsUpdate = true;
  }
}

/** A slave has another address: its clients are to be told, and again. */
export function updateSlaveClients(balance: Balance, slave: Slave): void {
  let isChanged = false;
  for (const client of balance.clients) {
    if (client.slave !== slave || !isValidEtherAddr(client.mac)) continue;
    client.needsUpdate = true;
    isChanged = true;
  }
  if (!isChanged) return;
  balance.needsUpdate = true;
  balance.retries = UPDATE_RETRIES;
}

/** Gives all clients a slave anew, in turns. */
export function rebalanceClients(state: BondState, balance: Balance): void {
  for (const client of balance.clients) {
    const slave = nextSlave(state, balance);
    if (slave === null || client.slave === slave) continue;
    client.slave = slave;
    client.needsUpdate = true;
    balance.needsUpdate = true;
  }
}

/** A slave has gone, or its link has: its clients are given others. */
export function clearClients(dev: Bond, balance: Balance, slave: Slave): void {
  for (const client of balance.clients) {
    if (client.slave !== slave) continue;
    client.slave = nextSlave(dev.state, balance);
    if (client.slave === null || !isValidEtherAddr(client.mac)) continue;
    client.needsUpdate = true;
    balance.needsUpdate = true;
    balance.retries = UPDATE_RETRIES;
  }
  if (slave !== dev.state.active) teachOnActive(dev, balance, slave.dev.address);
}

/** Switches learn that the address of a slave without a link is behind the active one, which listens to all for a while. */
export function teachOnActive(dev: Bond, balance: Balance, address: number): void {
  const { active } = dev.state;
  if (active === null) return;
  if (!balance.isActivePromiscuous) {
    devSetPromiscuity(active.dev, 1);
    balance.isActivePromiscuous = true;
  }
  balance.promiscuousTicks = 0;
  sendLearning(dev, active, address, false);
}

/** Tells the clients that are to be told; more than once, while there are retries left. */
export function updateClients(balance: Balance): void {
  for (const client of balance.clients) {
    if (!client.needsUpdate) continue;
    updateClient(client);
    if (balance.retries === 0) client.needsUpdate = false;
  }
  balance.delayTicks = UPDATE_DELAY;
}

/** Tells a client the address of its slave, in a reply that it has not asked for. */
function updateClient({ slave, ip, ourIp, mac, vlanProtocol, vlanTci }: Client): void {
  if (slave === null || !isValidEtherAddr(mac)) return;
  const { dev } = slave;
  for (let count = 0; count < BURST; count++) {
    const frame = dev.machine.frames.alloc(arp.ARP_SIZE, ETH_HLEN + VLAN_TAG_SIZE);
    if (frame === null) return;
    frame.end = frame.start + arp.ARP_SIZE;
    frame.networkHeader = frame.start;
    frame.dev = dev;
    arp.emitArp(frame.bytes, frame.start, {
      operation: ARPOP_REPLY,
      senderMac: dev.address,
      senderIp: ourIp,
      targetMac: mac,
      targetIp: ip,
    });
    ethHeader(frame, ETH_P_ARP, dev.address, mac);
    frame.vlanProtocol = vlanProtocol;
    frame.vlanTci = vlanTci;
    devQueueXmit(frame);
  }
}

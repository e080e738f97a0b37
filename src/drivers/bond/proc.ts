// What /proc/net/bonding/NAME shows of a bond and its slaves.
//
// Mirrors drivers/net/bonding/bond_procfs.c (v6.18), which the first line names.

import { ipv4ToText } from "../../bytes/ipv4.ts";
import { ipv6ToText } from "../../bytes/ipv6.ts";
import { macToText } from "../../bytes/mac.ts";
import { DUPLEX_HALF, DUPLEX_UNKNOWN, SPEED_UNKNOWN } from "../../uapi/ethtool.ts";
import { BOND_MODE_XOR } from "../../uapi/if_bonding.ts";
import type { LacpSide } from "../../wire/lacp.ts";
import { activeAggregator } from "./lacp/select.ts";
import { primaryOf } from "./select.ts";
import type { Bond, LacpPort, Slave } from "./state.ts";

const HEAD = "Ethernet Channel Bonding Driver: v6.18.0\n";
const MODES = [
  "load balancing (round-robin)",
  "fault-tolerance (active-backup)",
  "load balancing (xor)",
  "fault-tolerance (broadcast)",
  "IEEE 802.3ad Dynamic link aggregation",
  "transmit load balancing",
  "adaptive load balancing",
];
const FAIL_OVERS = ["none", "active", "follow"];
const POLICIES = ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"];
const RESELECTIONS = ["always", "better", "failure"];
const SELECTIONS = ["stable", "bandwidth", "count", "actor_port_prio"];
const LINKS = ["up", "going down", "down", "going back"];
const CHURNS = ["monitoring", "churned", "none"];

/** The whole file. */
export function procText(dev: Bond): string {
  const { slaves } = dev.state;
  return [HEAD, masterText(dev), ...slaves.map((slave) => slaveText(slave, dev.state.isLacp))].join("\n");
}

function masterText(dev: Bond): string {
  const { params, active, arpTargets, nsTargets, isActiveBackup, isBalanced, isLacp, hasActive } = dev.state;
  const { failOverMac, hashPolicy, miimon } = params;
  const fails = isActiveBackup && failOverMac !== 0 ? ` (fail_over_mac ${FAIL_OVERS[failOverMac]})` : "";
  const lines = [`Bonding Mode: ${MODES[params.mode]}${fails}`];
  if (isLacp || isBalanced || params.mode === BOND_MODE_XOR) {
    lines.push(`Transmit Hash Policy: ${POLICIES[hashPolicy]} (${hashPolicy})`);
  }
  if (hasActive) {
    const primary = primaryOf(dev);
    const reselects =
      primary === undefined ? "" : ` (primary_reselect ${RESELECTIONS[params.primaryReselect]})`;
    lines.push(
      `Primary Slave: ${primary?.dev.name ?? "None"}${reselects}`,
      `Currently Active Slave: ${active?.dev.name ?? "None"}`,
    );
  }
  lines.push(
    `MII Status: ${dev.hasCarrier ? "up" : "down"}`,
    `MII Polling Interval (ms): ${miimon}`,
    `Up Delay (ms): ${params.upDelay * miimon}`,
    `Down Delay (ms): ${params.downDelay * miimon}`,
    `Peer Notification Delay (ms): ${params.peerNotifDelay * miimon}`,
  );
  if (params.arpInterval > 0) {
    lines.push(
      `ARP Polling Interval (ms): ${params.arpInterval}`,
      `ARP Missed Max: ${params.missedMax}`,
      `ARP IP target/s (n.n.n.n form):${listed(arpTargets.map((target) => ipv4ToText(target)))}`,
      `NS IPv6 target/s (xx::xx form):${listed(nsTargets.map((target) => ipv6ToText(target)))}`,
    );
  }
  if (isLacp) lines.push(...lacpLines(dev));
  return `${lines.join("\n")}\n`;
}

function listed(texts: readonly string[]): string {
  return texts.map((text) => ` ${text}`).join(",");
}

function lacpLines(dev: Bond): readonly string[] {
  const { params } = dev.state;
  const active = activeAggregator(dev);
  const lines = [
    "",
    "802.3ad info",
    `LACP active: ${params.lacpActive === 0 ? "off" : "on"}`,
    `LACP rate: ${params.lacpRate === 0 ? "slow" : "fast"}`,
    `Min links: ${params.minLinks}`,
    `Aggregator selection policy (ad_select): ${SELECTIONS[params.adSelect]}`,
    `System priority: ${params.actorPriority}`,
    `System MAC address: ${macToText(params.actorSystem || dev.address)}`,
  ];
  if (active === null) return [...lines, `bond ${dev.name} has no active aggregator`];
  return [
    ...lines,
    "Active Aggregator Info:",
    `\tAggregator ID: ${active.id}`,
    `\tNumber of ports: ${active.activePorts}`,
    `\tActor Key: ${active.actorKey}`,
    `\tPartner Key: ${active.partnerKey}`,
    `\tPartner Mac Address: ${macToText(active.partnerSystem)}`,
  ];
}

function slaveText(slave: Slave, isLacp: boolean): string {
  const duplex = slave.duplex === DUPLEX_HALF ? "half" : "full";
  const lines = [
    `Slave Interface: ${slave.dev.name}`,
    `MII Status: ${LINKS[slave.link]}`,
    `Speed: ${slave.speed === SPEED_UNKNOWN ? "Unknown" : `${slave.speed} Mbps`}`,
    `Duplex: ${slave.duplex === DUPLEX_UNKNOWN ? "Unknown" : duplex}`,
    `Link Failure Count: ${slave.failures}`,
    `Permanent HW addr: ${macToText(slave.permanentAddress)}`,
    `Slave queue ID: ${slave.queueId}`,
  ];
  if (isLacp) lines.push(...portLines(slave.lacp));
  return `${lines.join("\n")}\n`;
}

function portLines(port: LacpPort | null): readonly string[] {
  if (port === null || port.aggregator === null) return ["Aggregator ID: N/A"];
  return [
    `Aggregator ID: ${port.aggregator.id}`,
    `Actor Churn State: ${CHURNS[port.actorChurn]}`,
    `Partner Churn State: ${CHURNS[port.partnerChurn]}`,
    `Actor Churned Count: ${port.actorChurns}`,
    `Partner Churned Count: ${port.partnerChurns}`,
    ...sideLines("actor", "port", port.actor),
    ...sideLines("partner", "oper", port.partner),
  ];
}

function sideLines(who: string, key: string, side: LacpSide): readonly string[] {
  return [
    `details ${who} lacp pdu:`,
    `    system priority: ${side.systemPriority}`,
    `    system mac address: ${macToText(side.system)}`,
    `    ${key} key: ${side.key}`,
    `    port priority: ${side.portPriority}`,
    `    port number: ${side.port}`,
    `    port state: ${side.state}`,
  ];
}

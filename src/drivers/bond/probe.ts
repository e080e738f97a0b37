// Questions to all targets of a bond, and what counts of what is heard.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_send_validate, bond_rcv_validate).

import type { Frame } from "../../net/netdevice.ts";
import { ETH_P_ARP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { askArpTargets, validateArp } from "./arp-probe.ts";
import { askNsTargets, validateNs } from "./ns-probe.ts";
import type { Bond, Slave } from "./state.ts";

/** Bits of arp_validate: for the active slave, for backups, and that nothing but probes counts. */
const VALIDATE_ACTIVE = 1;
const VALIDATE_BACKUP = 2;
const FILTER = 4;

/** Asks for every target by one slave. */
export function askTargets(dev: Bond, slave: Slave): void {
  askArpTargets(dev, slave);
  askNsTargets(dev, slave);
}

/** Notes that a slave has heard something, if it is of the sort that counts. */
export function hearProbe(frame: Frame, dev: Bond, slave: Slave): void {
  const { arpValidate } = dev.state.params;
  const { protocol } = frame;
  const isValidated = (arpValidate & (slave.isBackup ? VALIDATE_BACKUP : VALIDATE_ACTIVE)) !== 0;
  if (!isValidated) {
    const counts = protocol === ETH_P_ARP || protocol === ETH_P_IPV6 || (arpValidate & FILTER) === 0;
    if (counts) slave.lastRx = dev.machine.clock.now();
  } else if (protocol === ETH_P_ARP) validateArp(frame, dev, slave);
  else if (protocol === ETH_P_IPV6) validateNs(frame, dev, slave);
}

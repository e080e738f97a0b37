// A VXLAN device is made and changed.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (__vxlan_dev_create, vxlan_config_apply, vxlan_changelink).

import { configureLink } from "../../net/create-link.ts";
import type { LinkAttributes } from "../../net/link-policy.ts";
import type { Device, NewLink } from "../../net/netdevice.ts";
import { registerDevice, unregisterDevice } from "../../net/register.ts";
import { linkUpper, unlinkUpper } from "../../net/upper.ts";
import { ETH_MAX_MTU, ETH_MIN_MTU } from "../../uapi/if_ether.ts";
import type { VxlanData, vxlanPolicy } from "./config.ts";
import { checkConfig, configOf } from "./config.ts";
import { clearDefault, deleteRemote, setDefault } from "./fdb.ts";
import type { Vxlan, VxlanConfig, VxlanState } from "./state.ts";
import { headroomOf, tableVni, vxlanNetns } from "./state.ts";

/** Makes the device; its sockets and the device below are looked for where IFLA_LINK would be. */
export function newLink(request: NewLink<VxlanState, typeof vxlanPolicy>): void {
  const { dev, attrs, data = {} } = request;
  const netns = request.linkNetns ?? request.sourceNetns;
  const { config, lower } = checkConfig(netns, configOf(attrs, data, undefined), undefined);
  apply(dev, config, lower, attrs.mtu === undefined);
  dev.state.netns = netns;
  registerDevice(dev);
  try {
    if (lower !== null) linkUpper(lower, dev, false);
    dev.state.lower = lower;
    configureLink(dev, undefined, undefined);
  } catch (error) {
    dev.state.lower = null;
    unregisterDevice(dev);
    throw error;
  }
  setDefault(dev, config.remote, config.vni);
  vxlanNetns(netns).devices.push(dev);
}

/** Takes a configuration over, with what follows for sizes (vxlan_config_apply). */
function apply(dev: Vxlan, config: VxlanConfig, lower: Device | null, choosesMtu: boolean): void {
  const headroom = headroomOf(config.flags);
  let maxMtu = ETH_MAX_MTU;
  dev.neededHeadroom = headroom;
  if (lower !== null) {
    dev.tsoMaxSize = lower.tsoMaxSize;
    dev.tsoMaxSegments = lower.tsoMaxSegments;
    dev.neededHeadroom += lower.hardHeaderLength + lower.neededHeadroom;
    dev.neededTailroom = lower.neededTailroom;
    maxMtu = Math.max(lower.mtu - headroom, ETH_MIN_MTU);
    if (choosesMtu) dev.mtu = maxMtu;
  }
  dev.mtu = Math.min(dev.mtu, maxMtu);
  dev.state.config = config;
}

/** Changes what can be changed; the default destination's entry follows (vxlan_changelink). */
export function changeLink(dev: Vxlan, attrs: LinkAttributes, data: VxlanData = {}): void {
  const { state } = dev;
  const old = state.config;
  const { netns, lower: oldLower } = state;
  if (netns === null) return;
  const { config, lower } = checkConfig(netns, configOf(attrs, data, old), dev);
  if (lower !== oldLower) {
    if (lower !== null) linkUpper(lower, dev, false);
    if (oldLower !== null) unlinkUpper(oldLower, dev);
    state.lower = lower;
  }
  apply(dev, config, lower, false);
  // Another device below alone leaves the entry as it was.
  if (`${config.remote}` === `${old.remote}`) return;
  const known = state.fdb.find(0, tableVni(dev, old.vni));
  if (old.remote !== null && known !== undefined) {
    deleteRemote(dev, known, { address: old.remote, port: old.port, vni: old.vni, ifindex: old.ifindex });
  }
  setDefault(dev, config.remote, config.vni);
  for (const { remote, vni } of state.vnis.values()) {
    if (remote !== null) continue;
    setDefault(dev, config.remote, vni);
    clearDefault(dev, old.remote, vni);
  }
}

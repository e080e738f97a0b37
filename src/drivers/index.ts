// The door for kinds of device that live elsewhere: what such a kind needs of the machine, and the contract it keeps. Kinds
// that are loaded by the daemon are handed all of this, so that they work on the machine's own copy of it.

export { isMulticast, isValidEtherAddr, macFromText, macToText, readMac, writeMac } from "../bytes/mac.ts";
export {
  carrierProtoDown,
  netifCarrierOff,
  netifCarrierOn,
  netifDormant,
  transferOperstate,
} from "../net/carrier.ts";
export * as counters from "../net/counters.ts";
export { configureLink, createLink } from "../net/create-link.ts";
export { count, deviceByIndex, deviceByName, notify } from "../net/device.ts";
export {
  etherRandomAddress,
  etherSetMacAddress,
  etherSetup,
  ethTypeTrans,
  validateEtherAddress,
} from "../net/ethernet.ts";
export * as features from "../net/features.ts";
export { devSetAllmulti, devSetPromiscuity } from "../net/flags.ts";
export { forwardFrame } from "../net/forward.ts";
export { drop, dropRx, dropTx, frameFrom } from "../net/frame.ts";
export type { LinkAttributes } from "../net/link-policy.ts";
export { lowerOf, sendBelow } from "../net/lower.ts";
export type {
  Device,
  DeviceEvent,
  DeviceOps,
  Frame,
  LinkOps,
  MachineContext,
  Netns,
  NewLink,
  RxHandler,
  Warn,
} from "../net/netdevice.ts";
export { netifRx } from "../net/receive.ts";
export { freeDevice, queueUnregister, registerDevice, unregisterDevice } from "../net/register.ts";
export { devQueueXmit } from "../net/transmit.ts";
export { linkUpper, unlinkUpper } from "../net/upper.ts";
export { exists, invalid, NetlinkError, noDevice, notSupported, refused } from "../netlink/error.ts";
export type { Parsed, Policy } from "../netlink/policy.ts";
export * as policies from "../netlink/policy.ts";
export type { MessageWriter } from "../netlink/writer.ts";

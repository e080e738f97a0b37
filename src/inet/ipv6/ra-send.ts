// This host tells a link that it is a router: now and then, and when somebody asks (RFC 4861 6.2). What radvd(8) does on Linux;
// the kernel has no part in it.

import { setBe16, setBe32, setU8 } from "../../bytes/endian.ts";
import { randomBelow } from "../../net/random.ts";
import type { Timer } from "../../net/timers.ts";
import { IFA_F_TENTATIVE } from "../../uapi/if_addr.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import { writeIcmpv6 } from "../../wire/icmpv6.ts";
import * as nd from "../../wire/nd.ts";
import type { PrefixInfo } from "../../wire/nd-option.ts";
import * as option from "../../wire/nd-option.ts";
import { linkLocalOf } from "./address-find.ts";
import type { In6Device, RouterAdvertiser } from "./device.ts";
import { joinGroup, leaveGroup } from "./multicast.ts";
import { allNodes } from "./nd-send.ts";
import { allocOnLink, sendOnLink, writeOnLinkHeader } from "./on-link.ts";
import { allRouters } from "./rs-send.ts";

/** A route to tell of (RFC 4191 2.3). */
export interface AdvertisedRoute {
  readonly prefix: Uint8Array;
  readonly prefixLength: number;
  /** ICMPV6_ROUTER_PREF_* */
  readonly pref: number;
  readonly lifetimeS: number;
}

/** What to tell. */
export interface Advertising {
  /** Between two unasked advertisements at most; at least it is a third of that. */
  readonly maxIntervalMs: number;
  readonly hopLimit: number;
  /** RA_MANAGED, RA_OTHER and the preference. */
  readonly flags: number;
  readonly lifetimeS: number;
  readonly reachableTimeMs: number;
  readonly retransTimerMs: number;
  /** 0: not told. */
  readonly mtu: number;
  readonly prefixes: readonly PrefixInfo[];
  readonly routes: readonly AdvertisedRoute[];
  /** Name servers and how long they are good for (RFC 8106). */
  readonly dnsServers: readonly Uint8Array[];
  readonly dnsLifetimeS: number;
}

const MS = 1_000_000;
/** The first advertisements come no later than this after one another, three of them (MAX_INITIAL_RTR_ADVERT_INTERVAL). */
const initialIntervalMs = 16_000;
const initialCount = 3;
/** An answer waits up to half a second, and three seconds after the last one to all (MIN_DELAY_BETWEEN_RAS). */
const answerDelayMs = 500;
const leastBetweenMs = 3_000;
const routeInfoSize = 24;

/** Tells on one device until it is stopped. */
export class Advertiser implements RouterAdvertiser {
  readonly #in6Dev: In6Device;
  readonly #says: Advertising;
  readonly #timer: Timer;
  #sent = 0;
  #lastNs = Number.NEGATIVE_INFINITY;

  /** Begins at once, as soon as the device can carry it. One that told before on the device stops. */
  constructor(in6Dev: In6Device, says: Advertising) {
    this.#in6Dev = in6Dev;
    this.#says = says;
    this.#timer = in6Dev.dev.machine.timers.timer(() => this.#tell(says.lifetimeS));
    in6Dev.advertiser?.stop();
    in6Dev.advertiser = this;
    // Who asks for routers asks this group, which only those that forward are in by themselves.
    joinGroup(in6Dev, allRouters());
    this.#timer.start(0);
  }

  /** Somebody asks: all are told soon. */
  solicited(): void {
    const { clock, random } = this.#in6Dev.dev.machine;
    const now = clock.now();
    const earliest = Math.max(this.#lastNs + leastBetweenMs * MS - now, 0);
    const waitNs = earliest + randomBelow(random, answerDelayMs) * MS;
    if (!this.#timer.isPending || this.#timer.due > now + waitNs) this.#timer.start(waitNs);
  }

  /** Tells that the host is a default router no longer, and tells no more. */
  stop(): void {
    if (this.#in6Dev.advertiser !== this) return;
    this.#in6Dev.advertiser = null;
    this.#timer.stop();
    leaveGroup(this.#in6Dev, allRouters());
    if (this.#in6Dev.isReady && this.#sent > 0) this.#send(0);
  }

  #tell(lifetimeS: number): void {
    const { isReady, dev } = this.#in6Dev;
    if (isReady && this.#send(lifetimeS)) {
      this.#sent++;
      this.#lastNs = dev.machine.clock.now();
    }
    const { maxIntervalMs } = this.#says;
    const least = Math.floor(maxIntervalMs / 3);
    const drawn = least + randomBelow(dev.machine.random, Math.max(maxIntervalMs - least, 1));
    const isInitial = this.#sent < initialCount;
    this.#timer.start((isInitial ? Math.min(drawn, initialIntervalMs) : drawn) * MS);
  }

  /** Sends one advertisement to all nodes; false when there is no address to send it from. */
  #send(lifetimeS: number): boolean {
    const { dev } = this.#in6Dev;
    const source = linkLocalOf(dev, IFA_F_TENTATIVE)?.address;
    if (source === undefined) return false;
    const frame = allocOnLink(dev, nd.ND_ROUTER_ADVERTISEMENT_SIZE + this.#optionsSize());
    if (frame === null) return false;
    const { bytes, end, start, transportHeader: at } = frame;
    const header = { source, destination: allNodes(), nextHeader: IPPROTO_ICMPV6 };
    writeOnLinkHeader(frame, { ...header, hopLimit: nd.ND_HOP_LIMIT, trafficClass: 0 });
    const { flags, hopLimit, reachableTimeMs, retransTimerMs } = this.#says;
    setBe32(bytes, at + 8, reachableTimeMs);
    setBe32(bytes, at + 12, retransTimerMs);
    this.#writeOptions(bytes, at + nd.ND_ROUTER_ADVERTISEMENT_SIZE, dev.address);
    const rest = ((hopLimit << 24) | (flags << 16) | lifetimeS) >>> 0;
    writeIcmpv6(bytes, at, end, start, nd.ND_ROUTER_ADVERTISEMENT, 0, rest);
    sendOnLink(dev, frame);
    return true;
  }

  #optionsSize(): number {
    const { dnsServers, mtu, prefixes, routes } = this.#says;
    return (
      option.ND_OPT_LL_ADDR_SIZE +
      (mtu === 0 ? 0 : option.ND_OPT_MTU_SIZE) +
      prefixes.length * option.ND_OPT_PREFIX_INFO_SIZE +
      routes.length * routeInfoSize +
      (dnsServers.length === 0 ? 0 : 8 + 16 * dnsServers.length)
    );
  }

  #writeOptions(bytes: Uint8Array, offset: number, mac: number): void {
    const { dnsLifetimeS, dnsServers, mtu, prefixes, routes } = this.#says;
    let at = option.emitNdLinkLayerAddress(bytes, offset, option.ND_OPT_SOURCE_LL_ADDR, mac);
    if (mtu !== 0) {
      setU8(bytes, at, option.ND_OPT_MTU);
      setU8(bytes, at + 1, 1);
      setBe16(bytes, at + 2, 0);
      setBe32(bytes, at + 4, mtu);
      at += option.ND_OPT_MTU_SIZE;
    }
    for (const prefix of prefixes) at = option.emitNdPrefixInfo(bytes, at, prefix);
    for (const route of routes) {
      setU8(bytes, at, option.ND_OPT_ROUTE_INFO);
      setU8(bytes, at + 1, routeInfoSize / 8);
      setU8(bytes, at + 2, route.prefixLength);
      setU8(bytes, at + 3, route.pref << 3);
      setBe32(bytes, at + 4, route.lifetimeS);
      bytes.set(route.prefix, at + 8);
      at += routeInfoSize;
    }
    if (dnsServers.length === 0) return;
    setU8(bytes, at, option.ND_OPT_RDNSS);
    setU8(bytes, at + 1, 1 + 2 * dnsServers.length);
    setBe16(bytes, at + 2, 0);
    setBe32(bytes, at + 4, dnsLifetimeS);
    for (const [index, server] of dnsServers.entries()) bytes.set(server, at + 8 + 16 * index);
  }
}

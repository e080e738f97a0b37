// A DHCP server for a lab segment (RFC 2131): addresses of one range for the hosts of one link, with leases that end.
//
// Omitted: relays, several subnets on a link, asking whether an address is in use before it is offered.

import { ipv4FromText, ipv4Mask, ipv4ToText } from "../bytes/ipv4.ts";
import { macFromText, macToText } from "../bytes/mac.ts";
import { decodeUtf8, encodeUtf8 } from "../bytes/utf8.ts";
import { InDevice } from "../inet/ipv4/device.ts";
import type { Netns } from "../net/netdevice.ts";
import { invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import * as dhcp from "../wire/dhcp.ts";
import { Udp } from "./udp.ts";

const S = 1_000_000_000;
const defaultLeaseS = 3_600;
/** An offer is kept so long for who asked, and an address that somebody else has is left alone so long. */
const offerS = 60;
const declinedS = 600;

/** What a server gives. */
export interface DhcpServerOptions {
  readonly dev: string;
  /** The first and the last address to give; the server's own is not given. */
  readonly range: readonly [first: string, last: string];
  /** Seconds; an hour by default. */
  readonly leaseS?: number;
  /** The server's own address by default; null for none. */
  readonly router?: string | null;
  readonly dnsServers?: readonly string[];
  readonly domain?: string;
  readonly mtu?: number;
  /** Addresses by hardware address, which only those hosts get; they need not be in the range. */
  readonly reservations?: Readonly<Record<string, string>>;
}

/** An address that somebody has. */
export interface DhcpLease {
  readonly address: string;
  readonly mac: string;
  /** What the host calls itself; "" when it does not say. */
  readonly hostname: string;
  /** Seconds until it ends. */
  readonly leftS: number;
}

interface Held {
  readonly hardware: number;
  hostname: string;
  untilNs: number;
  /** It was asked for, not only offered. */
  isBound: boolean;
}

/** A running server; `close()` it. */
export class DhcpServer {
  readonly #netns: Netns;
  readonly #udp: Udp;
  readonly #options: DhcpServerOptions;
  readonly #own: number;
  readonly #mask: number;
  readonly #first: number;
  readonly #last: number;
  readonly #reserved = new Map<number, number>();
  /** By address; never more than the range and the reservations have. */
  readonly #held = new Map<number, Held>();

  /** Throws NetlinkError: ENODEV, EADDRNOTAVAIL for a device without an address, EINVAL for a wrong range, EADDRINUSE. */
  constructor(netns: Netns, options: DhcpServerOptions) {
    const dev = netns.names.get(options.dev);
    if (dev === undefined) throw noDevice(`There is no device "${options.dev}"`);
    const own = dev.ip instanceof InDevice ? dev.ip.addresses[0] : undefined;
    if (own === undefined) throw new NetlinkError("EADDRNOTAVAIL", `"${options.dev}" has no IPv4 address`);
    this.#netns = netns;
    this.#options = options;
    this.#own = own.local;
    this.#mask = ipv4Mask(own.prefixLength) >>> 0;
    this.#first = addressOf(options.range[0]);
    this.#last = addressOf(options.range[1]);
    const isInside = (address: number): boolean => ((address ^ own.local) & this.#mask) === 0;
    if (this.#first > this.#last || !isInside(this.#first) || !isInside(this.#last)) {
      throw invalid(`${options.range.join(" to ")} is no range of ${options.dev}'s network`);
    }
    for (const [mac, address] of Object.entries(options.reservations ?? {})) {
      const hardware = macFromText(mac);
      if (hardware === undefined) throw invalid(`Not a hardware address: ${mac}`);
      this.#reserved.set(hardware, addressOf(address));
    }
    this.#udp = new Udp(netns, {
      host: "0.0.0.0",
      port: dhcp.DHCP_SERVER_PORT,
      dev: options.dev,
      broadcast: true,
      reuseAddress: true,
    });
    void this.#serve();
  }

  /** Who has which address now. */
  get leases(): DhcpLease[] {
    const now = this.#netns.machine.clock.now();
    return [...this.#held]
      .filter(([, { isBound, untilNs }]) => isBound && untilNs > now)
      .map(([address, { hardware, hostname, untilNs }]) => ({
        address: ipv4ToText(address),
        mac: macToText(hardware),
        hostname,
        leftS: Math.ceil((untilNs - now) / S),
      }));
  }

  close(): void {
    this.#udp.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #serve(): Promise<void> {
    for (let next = await this.#udp.receive(); next !== null; next = await this.#udp.receive()) {
      const message = dhcp.parseDhcp(next.payload);
      if (message !== undefined && message.op === dhcp.BOOTREQUEST && message.relayAddress === 0) {
        this.#take(message);
      }
    }
  }

  #take(message: dhcp.DhcpMessage): void {
    const server = dhcp.dhcpNumber(message, dhcp.DHCP_OPT_SERVER_ID);
    switch (dhcp.dhcpType(message)) {
      case dhcp.DHCPDISCOVER: {
        const address = this.#addressFor(message);
        if (address === undefined) return;
        this.#hold(address, message, offerS, false);
        return this.#answer(message, dhcp.DHCPOFFER, address);
      }
      case dhcp.DHCPREQUEST:
        return this.#request(message, server);
      case dhcp.DHCPDECLINE: {
        const address = dhcp.dhcpNumber(message, dhcp.DHCP_OPT_REQUESTED_ADDRESS);
        if (server !== this.#own || address === undefined || !this.#isOurs(address)) return;
        if (this.#holder(address)?.hardware !== message.hardware) return;
        const untilNs = this.#netns.machine.clock.now() + declinedS * S;
        this.#held.set(address, { hardware: -1, hostname: "", untilNs, isBound: false });
        return;
      }
      case dhcp.DHCPRELEASE:
        if (this.#holder(message.clientAddress)?.hardware === message.hardware) {
          this.#held.delete(message.clientAddress);
        }
        return;
      case dhcp.DHCPINFORM:
        return this.#answer(message, dhcp.DHCPACK, 0);
      default:
        return;
    }
  }

  #request(message: dhcp.DhcpMessage, server: number | undefined): void {
    const isChosen = server === undefined || server === this.#own;
    const wanted = dhcp.dhcpNumber(message, dhcp.DHCP_OPT_REQUESTED_ADDRESS) ?? message.clientAddress;
    if (!isChosen) {
      // Another server was chosen: what was offered is free again.
      const offered = [...this.#held].find(
        ([, { hardware, isBound }]) => hardware === message.hardware && !isBound,
      );
      if (offered !== undefined) this.#held.delete(offered[0]);
      return;
    }
    const reserved = this.#reserved.get(message.hardware);
    const isRight = reserved === undefined ? this.#isOurs(wanted) : wanted === reserved;
    const holder = this.#holder(wanted);
    const isFree = holder === undefined || holder.hardware === message.hardware;
    if (!isRight || !isFree || this.#isReservedForAnother(wanted, message.hardware)) {
      return this.#answer(message, dhcp.DHCPNAK, 0);
    }
    this.#hold(wanted, message, this.#options.leaseS ?? defaultLeaseS, true);
    this.#answer(message, dhcp.DHCPACK, wanted);
  }

  /** The address for a host: its reserved one, the one it has or had, the one it asks for, the first that is free. */
  #addressFor(message: dhcp.DhcpMessage): number | undefined {
    const { hardware } = message;
    const reserved = this.#reserved.get(hardware);
    if (reserved !== undefined) return reserved;
    for (const [address, held] of this.#held) if (held.hardware === hardware) return address;
    const isFree = (address: number): boolean =>
      this.#isOurs(address) &&
      this.#holder(address) === undefined &&
      !this.#isReservedForAnother(address, hardware);
    const asked = dhcp.dhcpNumber(message, dhcp.DHCP_OPT_REQUESTED_ADDRESS);
    if (asked !== undefined && isFree(asked)) return asked;
    for (let address = this.#first; address <= this.#last; address++) if (isFree(address)) return address;
    return undefined;
  }

  #isOurs(address: number): boolean {
    return address >= this.#first && address <= this.#last && address !== this.#own;
  }

  #isReservedForAnother(address: number, hardware: number): boolean {
    for (const [mac, reserved] of this.#reserved) if (reserved === address && mac !== hardware) return true;
    return false;
  }

  /** Who has an address now; one whose time is over is forgotten. */
  #holder(address: number): Held | undefined {
    const held = this.#held.get(address);
    if (held === undefined || held.untilNs > this.#netns.machine.clock.now()) return held;
    this.#held.delete(address);
    return undefined;
  }

  #hold(address: number, { hardware, options }: dhcp.DhcpMessage, seconds: number, isBound: boolean): void {
    const name = options.get(dhcp.DHCP_OPT_HOSTNAME);
    const hostname = name === undefined ? "" : decodeUtf8(name, 0, name.length);
    const untilNs = this.#netns.machine.clock.now() + seconds * S;
    const before = this.#holder(address);
    if (before?.isBound === true && !isBound) return;
    this.#held.set(address, { hardware, hostname, untilNs, isBound });
  }

  /** Answers everybody: a client without an address hears nothing else. */
  #answer(message: dhcp.DhcpMessage, type: number, address: number): void {
    const options = new Map<number, Uint8Array>();
    options.set(dhcp.DHCP_OPT_MESSAGE_TYPE, Uint8Array.of(type));
    options.set(dhcp.DHCP_OPT_SERVER_ID, dhcp.dhcpWords(this.#own));
    if (type !== dhcp.DHCPNAK) this.#putSettings(options, address !== 0);
    const payload = dhcp.emitDhcp({
      op: dhcp.BOOTREPLY,
      xid: message.xid,
      secs: 0,
      isBroadcast: message.isBroadcast,
      clientAddress: message.clientAddress,
      yourAddress: address,
      serverAddress: type === dhcp.DHCPNAK ? 0 : this.#own,
      relayAddress: 0,
      hardware: message.hardware,
      options,
    });
    const isThere = message.clientAddress !== 0 && type !== dhcp.DHCPNAK;
    const host = isThere ? ipv4ToText(message.clientAddress) : "255.255.255.255";
    try {
      this.#udp.send(payload, { host, port: dhcp.DHCP_CLIENT_PORT });
    } catch (error) {
      // The device is down: whoever asked asks again.
      if (!(error instanceof NetlinkError)) throw error;
    }
  }

  #putSettings(options: Map<number, Uint8Array>, isLease: boolean): void {
    const { dnsServers = [], domain, leaseS = defaultLeaseS, mtu, router } = this.#options;
    if (isLease) {
      options.set(dhcp.DHCP_OPT_LEASE_TIME, dhcp.dhcpWords(leaseS));
      options.set(dhcp.DHCP_OPT_RENEWAL_TIME, dhcp.dhcpWords(Math.floor(leaseS / 2)));
      options.set(dhcp.DHCP_OPT_REBINDING_TIME, dhcp.dhcpWords(Math.floor((leaseS * 7) / 8)));
    }
    options.set(dhcp.DHCP_OPT_SUBNET_MASK, dhcp.dhcpWords(this.#mask));
    options.set(dhcp.DHCP_OPT_BROADCAST, dhcp.dhcpWords((this.#own | ~this.#mask) >>> 0));
    if (router !== null) {
      options.set(dhcp.DHCP_OPT_ROUTER, dhcp.dhcpWords(router === undefined ? this.#own : addressOf(router)));
    }
    if (dnsServers.length > 0) options.set(dhcp.DHCP_OPT_DNS, dhcp.dhcpWords(...dnsServers.map(addressOf)));
    if (domain !== undefined) options.set(dhcp.DHCP_OPT_DOMAIN, encodeUtf8(domain));
    if (mtu !== undefined) options.set(dhcp.DHCP_OPT_MTU, Uint8Array.of(mtu >>> 8, mtu & 0xff));
  }
}

function addressOf(text: string): number {
  const address = ipv4FromText(text);
  if (address === undefined) throw invalid(`Not an IPv4 address: ${text}`);
  return address;
}

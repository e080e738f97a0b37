// A DHCP client for a namespace's device (RFC 2131 4.4): it asks for an address, and keeps it as long as it is wanted.

import { ipv4PrefixLength, ipv4ToText } from "../bytes/ipv4.ts";
import { decodeUtf8, encodeUtf8 } from "../bytes/utf8.ts";
import type { Netns } from "../net/netdevice.ts";
import { randomBelow } from "../net/random.ts";
import type { Timer } from "../net/timers.ts";
import { NetlinkError, noDevice } from "../netlink/error.ts";
import * as dhcp from "../wire/dhcp.ts";
import { Udp } from "./udp.ts";

const S = 1_000_000_000;
const firstWaitS = 4;
const largestWaitS = 64;
const defaultTimeoutS = 60;

/** What to ask for. */
export interface DhcpOptions {
  readonly dev: string;
  /** Seconds until there is an answer, or the promise rejects with ETIMEDOUT; 60 by default. */
  readonly timeoutS?: number;
  readonly hostname?: string;
}

/** What a server gave. */
export interface DhcpOffer {
  readonly address: string;
  readonly prefixLength: number;
  readonly server: string;
  readonly routers: readonly string[];
  readonly dnsServers: readonly string[];
  readonly domain: string;
  readonly leaseS: number;
}

/** Asks until there is an address; renews it when it is time, until it is closed. */
export class DhcpClient {
  readonly #netns: Netns;
  readonly #options: DhcpOptions;
  readonly #udp: Udp;
  readonly #timer: Timer;
  readonly #hardware: number;
  #xid = 0;
  #state: "selecting" | "requesting" | "bound" | "renewing" | "closed" = "selecting";
  #waitS = firstWaitS;
  #offered = 0;
  #server = 0;
  #offer: DhcpOffer | undefined;
  readonly #deadline: Timer;
  #settle: { resolve(offer: DhcpOffer): void; reject(error: Error): void } | undefined;
  /** Called with what was given first and at each renewal that changes it; undefined: the lease is over. */
  onChange: (offer: DhcpOffer | undefined) => void = () => {};

  constructor(netns: Netns, options: DhcpOptions) {
    const dev = netns.names.get(options.dev);
    if (dev === undefined) throw noDevice(`There is no device "${options.dev}"`);
    this.#netns = netns;
    this.#options = options;
    this.#hardware = dev.address;
    const { timers } = netns.machine;
    this.#timer = timers.timer(() => this.#again());
    this.#deadline = timers.timer(() => this.#fail(new NetlinkError("ETIMEDOUT", "No DHCP server answers")));
    const port = dhcp.DHCP_CLIENT_PORT;
    this.#udp = new Udp(netns, {
      host: "0.0.0.0",
      port,
      dev: options.dev,
      broadcast: true,
      reuseAddress: true,
    });
    void this.#listen();
  }

  /** Asks; resolves with what was given. */
  ask(): Promise<DhcpOffer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#deadline.start((this.#options.timeoutS ?? defaultTimeoutS) * S);
      this.#discover();
    });
  }

  /** Gives the address back and asks no more. */
  close(): void {
    if (this.#state === "closed") return;
    if (this.#offer !== undefined) this.#send(dhcp.DHCPRELEASE, this.#offer.server, this.#offered);
    this.#state = "closed";
    this.#timer.stop();
    this.#deadline.stop();
    this.#udp.close();
  }

  #fail(error: Error): void {
    const settle = this.#settle;
    this.#settle = undefined;
    this.close();
    settle?.reject(error);
  }

  #discover(): void {
    this.#state = "selecting";
    this.#xid = this.#netns.machine.random.u32();
    this.#offered = 0;
    this.#send(dhcp.DHCPDISCOVER, "255.255.255.255", 0);
    this.#wait();
  }

  /** Sets the time for asking again: twice as long each time, a second more or less. */
  #wait(): void {
    const jitterNs = randomBelow(this.#netns.machine.random, 2_000) * 1_000_000 - S;
    this.#timer.start(this.#waitS * S + jitterNs);
    this.#waitS = Math.min(2 * this.#waitS, largestWaitS);
  }

  #again(): void {
    switch (this.#state) {
      case "selecting":
        this.#send(dhcp.DHCPDISCOVER, "255.255.255.255", 0);
        return this.#wait();
      case "requesting":
        return this.#discover();
      case "bound": {
        this.#state = "renewing";
        this.#xid = this.#netns.machine.random.u32();
        const { leaseS = 0, server = "255.255.255.255" } = this.#offer ?? {};
        this.#send(dhcp.DHCPREQUEST, server, this.#offered);
        this.#timer.start((leaseS / 2) * S);
        return;
      }
      case "renewing":
        this.#lose();
        return this.#discover();
      default:
        return;
    }
  }

  #lose(): void {
    this.#offer = undefined;
    this.#waitS = firstWaitS;
    this.onChange(undefined);
  }

  async #listen(): Promise<void> {
    for (let next = await this.#udp.receive(); next !== null; next = await this.#udp.receive()) {
      const message = dhcp.parseDhcp(next.payload);
      const isMine =
        message?.op === dhcp.BOOTREPLY && message.xid === this.#xid && message.hardware === this.#hardware;
      if (isMine) this.#take(message);
    }
  }

  #take(message: dhcp.DhcpMessage): void {
    const server = dhcp.dhcpNumber(message, dhcp.DHCP_OPT_SERVER_ID);
    const type = dhcp.dhcpType(message);
    if (type === dhcp.DHCPOFFER && this.#state === "selecting" && server !== undefined) {
      this.#state = "requesting";
      this.#offered = message.yourAddress;
      this.#server = server;
      this.#send(dhcp.DHCPREQUEST, "255.255.255.255", 0);
      this.#wait();
    } else if (type === dhcp.DHCPACK && (this.#state === "requesting" || this.#state === "renewing")) {
      this.#bind(message);
    } else if (type === dhcp.DHCPNAK && (this.#state === "requesting" || this.#state === "renewing")) {
      if (this.#state === "renewing") this.#lose();
      this.#discover();
    }
  }

  #bind(message: dhcp.DhcpMessage): void {
    const leaseS = dhcp.dhcpNumber(message, dhcp.DHCP_OPT_LEASE_TIME) ?? 0;
    const mask = dhcp.dhcpNumber(message, dhcp.DHCP_OPT_SUBNET_MASK) ?? 0xffff_ff00;
    const domain = message.options.get(dhcp.DHCP_OPT_DOMAIN) ?? new Uint8Array();
    const renewalS = dhcp.dhcpNumber(message, dhcp.DHCP_OPT_RENEWAL_TIME) ?? Math.floor(leaseS / 2);
    this.#offered = message.yourAddress;
    const offer: DhcpOffer = {
      address: ipv4ToText(message.yourAddress),
      prefixLength: ipv4PrefixLength(mask) ?? 24,
      server: ipv4ToText(this.#server),
      routers: dhcp.dhcpAddresses(message, dhcp.DHCP_OPT_ROUTER).map(ipv4ToText),
      dnsServers: dhcp.dhcpAddresses(message, dhcp.DHCP_OPT_DNS).map(ipv4ToText),
      domain: decodeUtf8(domain, 0, domain.length),
      leaseS,
    };
    const isNew = this.#offer === undefined;
    this.#offer = offer;
    this.#state = "bound";
    this.#waitS = firstWaitS;
    this.#deadline.stop();
    this.#timer.start(renewalS * S);
    if (isNew) this.onChange(offer);
    this.#settle?.resolve(offer);
    this.#settle = undefined;
  }

  #send(type: number, host: string, clientAddress: number): void {
    const options = new Map<number, Uint8Array>([[dhcp.DHCP_OPT_MESSAGE_TYPE, Uint8Array.of(type)]]);
    const { hostname } = this.#options;
    if (type === dhcp.DHCPREQUEST && clientAddress === 0) {
      options.set(dhcp.DHCP_OPT_SERVER_ID, dhcp.dhcpWords(this.#server));
      options.set(dhcp.DHCP_OPT_REQUESTED_ADDRESS, dhcp.dhcpWords(this.#offered));
    }
    if (type === dhcp.DHCPRELEASE) options.set(dhcp.DHCP_OPT_SERVER_ID, dhcp.dhcpWords(this.#server));
    if (hostname !== undefined) options.set(dhcp.DHCP_OPT_HOSTNAME, encodeUtf8(hostname));
    const asked = [dhcp.DHCP_OPT_SUBNET_MASK, dhcp.DHCP_OPT_ROUTER, dhcp.DHCP_OPT_DNS, dhcp.DHCP_OPT_DOMAIN];
    options.set(dhcp.DHCP_OPT_PARAMETERS, Uint8Array.from(asked));
    const payload = dhcp.emitDhcp({
      op: dhcp.BOOTREQUEST,
      xid: this.#xid,
      secs: 0,
      isBroadcast: clientAddress === 0,
      clientAddress,
      yourAddress: 0,
      serverAddress: 0,
      relayAddress: 0,
      hardware: this.#hardware,
      options,
    });
    try {
      this.#udp.send(payload, { host, port: dhcp.DHCP_SERVER_PORT });
    } catch (error) {
      // The device is down: it is asked again later.
      if (!(error instanceof NetlinkError)) throw error;
    }
  }
}

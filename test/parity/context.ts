// What a parity body is given: a namespace with a client in it and the verbs of `ip`, and the means to get more of them.

import { expect } from "vitest";
import type { Answer, WriteBody } from "../../src/netlink/client.ts";
import { NetlinkClient } from "../../src/netlink/client.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import type { Message } from "../../src/netlink/message.ts";
import { IFF_UP } from "../../src/uapi/if.ts";
import { IFA_F_NODAD } from "../../src/uapi/if_addr.ts";
import { ETH_P_ALL } from "../../src/uapi/if_ether.ts";
import { IN6_ADDR_GEN_MODE_NONE } from "../../src/uapi/if_link.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../../src/uapi/socket.ts";
import { Listener } from "./listener.ts";
import { RawSocket } from "./raw.ts";
import type {
  GroupSocket,
  PacketPort,
  StreamListener,
  StreamOptions,
  StreamSocket,
  TargetMachine,
  TargetName,
  TargetNetns,
} from "./targets.ts";
import type {
  Addr,
  AddrRequest,
  Counters,
  Link,
  LinkRequest,
  Neigh,
  NeighRequest,
  Nsid,
  NsidRequest,
  Route,
  RouteRequest,
  RuleRequest,
} from "./vocabulary.ts";
import * as words from "./vocabulary.ts";

const CREATE = nl.NLM_F_CREATE | nl.NLM_F_EXCL;

/** What the namespaces of one test share. */
interface Shared {
  readonly target: TargetName;
  readonly machine: TargetMachine;
  /** Run in reverse order at the end. */
  readonly cleanups: (() => void)[];
  /** Gives 1, 2, 3, … */
  nextNumber(): number;
}

/** A namespace, and a client in it that asks for strict checking and extended acknowledgements. */
export class TestNetns {
  readonly netns: TargetNetns;
  readonly client: NetlinkClient;
  readonly #shared: Shared;

  constructor(shared: Shared, netns: TargetNetns, client: NetlinkClient) {
    this.#shared = shared;
    this.netns = netns;
    this.client = client;
  }

  static async open(shared: Shared): Promise<TestNetns> {
    const netns = await shared.machine.newNetns();
    return new TestNetns(shared, netns, await openClient(shared, netns, true));
  }

  /** What names this namespace in IFLA_NET_NS_FD and NETNSA_FD. */
  get fd(): number {
    return this.netns.fd;
  }

  /** Lets time pass: on the kernel, wall-clock time. */
  sleep(milliseconds: number): Promise<void> {
    return this.#shared.machine.sleep(milliseconds);
  }

  /** Lets time pass until `isReached`, at most five seconds. */
  async until(isReached: () => Promise<boolean> | boolean, what: string): Promise<void> {
    for (let waited = 0; !(await isReached()); waited += 10) {
      if (waited > 5_000) expect.fail(`Waited five seconds for ${what}`);
      await this.sleep(10);
    }
  }

  // --- Sockets ----------------------------------------------------------------------------------------------------

  /** A further client in this namespace. */
  openClient({ strict = true }: { readonly strict?: boolean } = {}): Promise<NetlinkClient> {
    return openClient(this.#shared, this.netns, strict);
  }

  /** A socket whose datagrams the body makes and reads itself; no option is set. */
  async openRaw(): Promise<RawSocket> {
    const transport = await this.netns.openSocket(nl.NETLINK_ROUTE);
    this.#shared.cleanups.push(() => transport.close());
    return new RawSocket(transport, (milliseconds) => this.#shared.machine.sleep(milliseconds));
  }

  /** A socket that listens to `groups`. */
  async listen(...groups: number[]): Promise<Listener> {
    const client = await this.openClient();
    const { machine, nextNumber } = this.#shared;
    return new Listener(client, groups, (milliseconds) => machine.sleep(milliseconds), nextNumber);
  }

  /** A packet socket on the device `name`. */
  async openPacket(name: string, protocol = ETH_P_ALL): Promise<PacketPort> {
    const port = await this.netns.openPacket(await this.index(name), protocol);
    this.#shared.cleanups.push(() => port.close());
    return port;
  }

  /** Has a TCP socket listen on `port`. */
  async listenTcp(port: number, options: StreamOptions = {}): Promise<StreamListener> {
    const listener = await this.netns.listenStream(port, options);
    this.#shared.cleanups.push(() => listener.close());
    return listener;
  }

  /** Begins a TCP connection; who asks for it closes it. */
  connectTcp(
    to: { readonly host: string; readonly port: number; readonly localPort: number },
    options: StreamOptions = {},
  ): Promise<StreamSocket> {
    return this.netns.connectStream(to, options);
  }

  /** A UDP socket that is to take part in groups. */
  async openGroupSocket(family: 4 | 6, port = 5_000): Promise<GroupSocket> {
    const socket = await this.netns.openGroupSocket(family, port);
    this.#shared.cleanups.push(() => socket.close());
    return socket;
  }

  // --- Requests ---------------------------------------------------------------------------------------------------

  /** One request; resolves at its ACK. */
  request(type: number, flags: number, body: WriteBody): Promise<Answer> {
    return this.client.request(type, flags, body);
  }

  /** The messages of a dump. */
  async dump(type: number, body: WriteBody): Promise<readonly Message[]> {
    return (await this.client.dump(type, body)).messages;
  }

  /** RTM_NEWLINK, by default with NLM_F_CREATE | NLM_F_EXCL. */
  newLink(request: LinkRequest, flags = CREATE): Promise<Answer> {
    return this.request(rt.RTM_NEWLINK, flags, (writer) => words.writeLink(writer, request));
  }

  setLink(request: LinkRequest): Promise<Answer> {
    return this.request(rt.RTM_SETLINK, 0, (writer) => words.writeLink(writer, request));
  }

  delLink(request: LinkRequest): Promise<Answer> {
    return this.request(rt.RTM_DELLINK, 0, (writer) => words.writeLink(writer, request));
  }

  /** RTM_NEWLINKPROP; `altnames` of the request are added. */
  addAltnames(request: LinkRequest): Promise<Answer> {
    return this.request(rt.RTM_NEWLINKPROP, CREATE | nl.NLM_F_APPEND, (writer) =>
      words.writeLink(writer, request),
    );
  }

  /** RTM_DELLINKPROP; `altnames` of the request are taken away. */
  delAltnames(request: LinkRequest): Promise<Answer> {
    return this.request(rt.RTM_DELLINKPROP, 0, (writer) => words.writeLink(writer, request));
  }

  /** RTM_GETLINK for one link. */
  async getLink(request: LinkRequest): Promise<Link> {
    const { messages } = await this.request(rt.RTM_GETLINK, 0, (writer) => words.writeLink(writer, request));
    expect(messages).toHaveLength(1);
    return words.readLink(first(messages));
  }

  /** The link `name`; NetlinkError (ENODEV) when there is none. */
  link(name: string): Promise<Link> {
    return this.getLink({ name });
  }

  /** The links that RTM_GETLINK dumps. */
  async links(request: LinkRequest = {}): Promise<Link[]> {
    const messages = await this.dump(rt.RTM_GETLINK, (writer) => words.writeLink(writer, request));
    return messages.map(words.readLink);
  }

  /** The names of all links, in the order of the dump. */
  async linkNames(): Promise<(string | undefined)[]> {
    return (await this.links()).map(({ name }) => name);
  }

  async index(name: string): Promise<number> {
    return (await this.link(name)).index;
  }

  async counters(name: string): Promise<Counters> {
    const { messages } = await this.request(rt.RTM_GETLINK, 0, (writer) => words.writeLink(writer, { name }));
    return words.readCounters(first(messages));
  }

  /** A veth pair `name`–`peer`, the peer in `peerNetns` if given. */
  async addVeth(name: string, peer: string, peerNetns?: TestNetns): Promise<void> {
    const vethPeer = peerNetns === undefined ? { name: peer } : { name: peer, netnsFd: peerNetns.fd };
    await this.newLink({ name, vethPeer });
  }

  async up(...names: string[]): Promise<void> {
    for (const name of names) await this.setLink({ name, flags: IFF_UP, change: IFF_UP });
  }

  async down(...names: string[]): Promise<void> {
    for (const name of names) await this.setLink({ name, change: IFF_UP });
  }

  /** Waits for what carrier changes bring about: RTM_GETLINK makes the kernel catch up with them first. */
  async settle(...names: string[]): Promise<void> {
    for (const name of names) await this.link(name);
  }

  /** Keeps IPv6 from giving `names` addresses of its own and from sending anything by itself (addrgenmode none). */
  async quiet(...names: string[]): Promise<void> {
    for (const name of names) await this.setLink({ name, addrgenmode: IN6_ADDR_GEN_MODE_NONE });
  }

  // --- Addresses --------------------------------------------------------------------------------------------------

  /** RTM_NEWADDR with IFA_LOCAL and IFA_ADDRESS of `prefix` ("10.0.0.1/24"), as iproute2 writes it. */
  async addAddr(prefix: string, dev: string, more: AddrRequest = {}, flags = CREATE): Promise<Answer> {
    const request = { ...(await this.#addr(prefix, dev)), ...more };
    return this.request(rt.RTM_NEWADDR, flags, (writer) => words.writeAddr(writer, request));
  }

  /**
   * Adds an IPv6 address without duplicate detection to a device that runs, and waits until it is in use: its local
   * route is the work of a queue.
   */
  async addReadyAddr(prefix: string, dev: string, more: AddrRequest = {}): Promise<void> {
    await this.addAddr(prefix, dev, { ...more, flags: (more.flags ?? 0) | IFA_F_NODAD });
    const dst = `${words.splitPrefix(prefix).address}/128`;
    const request = { family: AF_INET6, table: rt.RT_TABLE_LOCAL };
    await this.until(
      async () => (await this.routes(request)).some((route) => route.dst === dst),
      "a local route",
    );
  }

  async delAddr(prefix: string, dev: string, more: AddrRequest = {}): Promise<Answer> {
    const request = { ...(await this.#addr(prefix, dev)), ...more };
    return this.request(rt.RTM_DELADDR, 0, (writer) => words.writeAddr(writer, request));
  }

  async #addr(prefix: string, dev: string): Promise<AddrRequest> {
    const { address, length } = words.splitPrefix(prefix);
    const index = await this.index(dev);
    return { family: words.familyOf(prefix), prefixlen: length, index, local: address, address };
  }

  /** The addresses that RTM_GETADDR dumps. */
  async addrs(request: AddrRequest = {}): Promise<Addr[]> {
    const messages = await this.dump(rt.RTM_GETADDR, (writer) => words.writeAddr(writer, request));
    return messages.map(words.readAddr);
  }

  // --- Routes -----------------------------------------------------------------------------------------------------

  /** RTM_NEWROUTE as `ip route add`: main table, protocol boot, unicast, link scope without a gateway for IPv4. */
  addRoute(prefix: string, more: RouteRequest, flags = CREATE): Promise<Answer> {
    return this.request(rt.RTM_NEWROUTE, flags, (writer) => words.writeRoute(writer, newRoute(prefix, more)));
  }

  /** RTM_DELROUTE as `ip route del`: main table, scope nowhere. */
  delRoute(prefix: string, more: RouteRequest = {}): Promise<Answer> {
    const request = {
      ...words.toPrefix(prefix, more.family ?? AF_INET),
      headerTable: rt.RT_TABLE_MAIN,
      scope: rt.RT_SCOPE_NOWHERE,
      ...more,
    };
    return this.request(rt.RTM_DELROUTE, 0, (writer) => words.writeRoute(writer, request));
  }

  /** RTM_GETROUTE as `ip route get`: for IPv4 the answer names the table it was found in, which IPv6 does unasked. */
  async getRoute(address: string, more: RouteRequest = {}): Promise<Route> {
    const prefix = words.toPrefix(address, AF_INET);
    const request = { ...prefix, flags: prefix.family === AF_INET ? rt.RTM_F_LOOKUP_TABLE : 0, ...more };
    const { messages } = await this.request(rt.RTM_GETROUTE, 0, (writer) =>
      words.writeRoute(writer, request),
    );
    return words.readRoute(first(messages));
  }

  /** The routes that RTM_GETROUTE dumps. */
  async routes(request: RouteRequest = {}): Promise<Route[]> {
    const messages = await this.dump(rt.RTM_GETROUTE, (writer) => words.writeRoute(writer, request));
    return messages.map(words.readRoute);
  }

  // --- Rules ------------------------------------------------------------------------------------------------------

  /** RTM_NEWRULE; FR_ACT_TO_TBL of IPv4 by default. */
  addRule(request: RuleRequest, flags = CREATE): Promise<Answer> {
    return this.request(rt.RTM_NEWRULE, flags, (writer) => words.writeRule(writer, request));
  }

  delRule(request: RuleRequest): Promise<Answer> {
    return this.request(rt.RTM_DELRULE, 0, (writer) => words.writeRule(writer, request));
  }

  /** The rules of a family that RTM_GETRULE dumps, as text. */
  async rules(family = AF_INET): Promise<string[]> {
    const messages = await this.dump(rt.RTM_GETRULE, (writer) =>
      words.writeRule(writer, { family, action: 0 }),
    );
    return messages.map(words.ruleText);
  }

  // --- Neighbours -------------------------------------------------------------------------------------------------

  async addNeigh(dst: string, dev: string, more: NeighRequest = {}, flags = CREATE): Promise<Answer> {
    const request = { family: words.familyOf(dst), index: await this.index(dev), dst, ...more };
    return this.request(rt.RTM_NEWNEIGH, flags, (writer) => words.writeNeigh(writer, request));
  }

  async delNeigh(dst: string, dev: string, more: NeighRequest = {}): Promise<Answer> {
    const request = { family: words.familyOf(dst), index: await this.index(dev), dst, ...more };
    return this.request(rt.RTM_DELNEIGH, 0, (writer) => words.writeNeigh(writer, request));
  }

  /** RTM_GETNEIGH for one neighbour. */
  async getNeigh(dst: string, dev: string, more: NeighRequest = {}): Promise<Neigh> {
    const request = { family: words.familyOf(dst), index: await this.index(dev), dst, ...more };
    const { messages } = await this.request(rt.RTM_GETNEIGH, 0, (writer) =>
      words.writeNeigh(writer, request),
    );
    return words.readNeigh(first(messages));
  }

  /** The neighbours that RTM_GETNEIGH dumps. */
  async neighs(request: NeighRequest = { family: AF_UNSPEC }): Promise<Neigh[]> {
    const messages = await this.dump(rt.RTM_GETNEIGH, (writer) => words.writeNeigh(writer, request));
    return messages.map(words.readNeigh);
  }

  // --- Namespace ids ----------------------------------------------------------------------------------------------

  newNsid(request: NsidRequest): Promise<Answer> {
    return this.request(rt.RTM_NEWNSID, 0, (writer) => words.writeNsid(writer, request));
  }

  async getNsid(request: NsidRequest): Promise<Nsid> {
    const { messages } = await this.request(rt.RTM_GETNSID, 0, (writer) => words.writeNsid(writer, request));
    return words.readNsid(first(messages));
  }

  /** The ids that RTM_GETNSID dumps. */
  async nsids(): Promise<Nsid[]> {
    return (await this.dump(rt.RTM_GETNSID, (writer) => words.writeNsid(writer, {}))).map(words.readNsid);
  }
}

/** What a body is given: the first namespace of the test, and the way to others. */
export class ParityContext extends TestNetns {
  readonly target: TargetName;
  /** The default number of a veth's queues. */
  readonly possibleCpus: number;
  readonly #shared: Shared;

  constructor(shared: Shared, netns: TargetNetns, client: NetlinkClient) {
    super(shared, netns, client);
    this.#shared = shared;
    this.target = shared.target;
    this.possibleCpus = shared.machine.possibleCpus;
  }

  static async start(target: TargetName, machine: TargetMachine): Promise<ParityContext> {
    let lastNumber = 0;
    const shared = { target, machine, cleanups: [], nextNumber: () => ++lastNumber };
    const netns = await machine.newNetns();
    return new ParityContext(shared, netns, await openClient(shared, netns, true));
  }

  /** Makes another namespace. */
  otherNetns(): Promise<TestNetns> {
    return TestNetns.open(this.#shared);
  }

  /** Lets time pass until the refusal of `request` says that what it asks for is gone. */
  untilGone(request: () => Promise<unknown>): Promise<void> {
    return this.until(async () => {
      const error: unknown = await request().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      return error instanceof NetlinkError && (error.code === "ENODEV" || error.code === "ENOENT");
    }, "something to go away");
  }

  /** Closes every socket of the test. */
  close(): void {
    for (const cleanup of this.#shared.cleanups.reverse()) cleanup();
  }
}

async function openClient(shared: Shared, netns: TargetNetns, strict: boolean): Promise<NetlinkClient> {
  const client = new NetlinkClient(await netns.openSocket(nl.NETLINK_ROUTE), { strict });
  shared.cleanups.push(() => client.close());
  return client;
}

function newRoute(prefix: string, more: RouteRequest): RouteRequest {
  const route = words.toPrefix(prefix, more.family ?? AF_INET);
  const hasNextHop = more.gateway !== undefined || more.via !== undefined || more.multipath !== undefined;
  const scope = route.family === AF_INET && !hasNextHop ? rt.RT_SCOPE_LINK : rt.RT_SCOPE_UNIVERSE;
  return {
    ...route,
    headerTable: rt.RT_TABLE_MAIN,
    protocol: rt.RTPROT_BOOT,
    type: rt.RTN_UNICAST,
    scope,
    ...more,
  };
}

function first(messages: readonly Message[]): Message {
  const [message] = messages;
  if (message === undefined) expect.fail("The answer holds no message");
  return message;
}

// Makes what a lab declares, and takes it away again: a namespace for each node, a veth pair for each link, addresses and routes
// as planned.

import type { Machine } from "../index.ts";
import { NetlinkError } from "../index.ts";
import type { EndAddresses, PlannedRoute } from "./address-plan.ts";
import { AddressPlan, planRoutes } from "./address-plan.ts";
import type { Attach } from "./attach.ts";
import { macOf } from "./hash.ts";
import type { LabLink } from "./link.ts";
import { LinkEnd } from "./link.ts";
import { LabNode, OUTSIDE_DEVICE, Outside, Switch } from "./node.ts";
import { isBridging } from "./node-kind.ts";

/**
 * The spanning tree in labs, in hundredths of a second: the shortest times that Linux allows (BR_MIN_FORWARD_DELAY, …), so that
 * ports forward after four seconds and not after thirty.
 */
const spanningTree = { stp: true, forwardDelay: 200, helloTime: 100, maxAge: 600 };
/** The bridge of an outside node is to be no more than a wire: every group passes, that may. */
const wire = { mcastSnooping: false, groupFwdMask: 0xfff8 };
/** Entries of all tables of neighbours of a lab; Linux lets all namespaces of a system have 1,024 (gc_thresh3). */
const mostNeighbours = 1_048_576;
/** How long a new port of such a switch takes to decide: to listen, to learn, and a hello. */
export const SPANNING_TREE_NS = 5_000_000_000;

/** What is kept of a link that has been taken away, so that it can be made again as it was. */
export interface RemovedLink {
  readonly planned: readonly EndAddresses[];
}

/** The making of one lab. */
export class Maker {
  readonly #machine: Machine;
  readonly #hasIpv6: boolean;
  #hasRoom = false;
  readonly #attach: Attach;
  /** All links that have been declared. */
  readonly #links: readonly LabLink[];
  readonly #plan = new AddressPlan();
  readonly #routes = new Map<string, PlannedRoute>();

  constructor(machine: Machine, links: readonly LabLink[], hasIpv6: boolean, attach: Attach) {
    this.#attach = attach;
    this.#machine = machine;
    this.#links = links;
    this.#hasIpv6 = hasIpv6;
  }

  /** Makes nodes and links that are not there yet. */
  async make(nodes: readonly LabNode[], links: readonly LabLink[]): Promise<void> {
    if (!this.#hasRoom) await this.#makeRoom();
    for (const node of nodes) await this.#makeNode(node);
    for (const link of links) await this.#makeLink(link);
    await this.#address(links);
    await this.#route();
    for (const link of links) await link.applyOptions();
  }

  /** Lets hosts know more neighbours than Linux lets a whole system, which a lab's hosts would share. */
  async #makeRoom(): Promise<void> {
    this.#hasRoom = true;
    const initial = await this.#machine.netns();
    for (const family of ["ipv4", "ipv6"]) {
      for (const threshold of [1, 2, 3])
        await initial.setSysctl(`net.${family}.neigh.default.gc_thresh${threshold}`, mostNeighbours);
    }
  }

  async #makeNode(node: LabNode): Promise<void> {
    const netns = await this.#machine.netns(node.name);
    node.netns = netns;
    await netns.link.set("lo", { isUp: true });
    if (node instanceof Switch) {
      await netns.setSysctl("net.ipv6.conf.default.disable_ipv6", 1);
      await netns.link.add({
        kind: "bridge",
        name: "br0",
        isUp: true,
        address: macOf(`${node.name}/br0`),
        bridge: node instanceof Outside ? wire : node.isStp ? spanningTree : undefined,
      });
      if (node instanceof Outside) await this.#leadOut(node);
      return;
    }
    if (this.#hasIpv6) {
      // Addresses are planned: nobody need be asked for them.
      await netns.setSysctl("net.ipv6.conf.default.dad_transmits", 0);
      await netns.setSysctl("net.ipv6.conf.default.router_solicitations", 0);
    } else await netns.setSysctl("net.ipv6.conf.default.disable_ipv6", 1);
    if (node.kind !== "router") return;
    await netns.setSysctl("net.ipv4.ip_forward", 1);
    if (this.#hasIpv6) await netns.setSysctl("net.ipv6.conf.all.forwarding", 1);
  }

  /** Joins the bridge of an outside node to the wire that leads out. */
  async #leadOut({ name, netns, endpoint, mtu }: Outside): Promise<void> {
    const tap = netns.tap({ name: OUTSIDE_DEVICE, mtu, address: macOf(`${name}/${OUTSIDE_DEVICE}`) });
    if (typeof endpoint === "string") tap.alias = endpoint;
    await netns.link.set(OUTSIDE_DEVICE, { master: "br0", isUp: true });
    await this.#attach(tap, endpoint, name);
  }

  async #makeLink(link: LabLink): Promise<void> {
    const { a, b } = link;
    const { mtu } = link.options;
    a.handle = await a.node.netns.link.add({
      kind: "veth",
      name: a.ifname,
      address: a.mac,
      mtu,
      peer: { name: b.ifname, address: b.mac, mtu, netns: b.node.name },
    });
    b.handle = await b.node.netns.link.handle(b.ifname);
    for (const end of link.ends) {
      const isPort = isBridging(end.node.kind);
      await end.handle?.set(isPort ? { master: "br0", isUp: true } : { isUp: true });
    }
    link.isMade = true;
  }

  async #address(links: readonly LabLink[]): Promise<void> {
    const given = new Map<object, readonly string[]>();
    for (const { ends, options } of this.#links) {
      for (const [index, end] of ends.entries()) {
        const addresses = options.addresses?.[index];
        if (addresses !== undefined) given.set(end, addresses);
      }
    }
    // All links, so that new ends join the segments there are.
    const planned = this.#links.map(({ a, b }) => [a, b] as const);
    for (const { end, ip, ip6 } of this.#plan.add(planned, (each) => given.get(each))) {
      if (!(end instanceof LinkEnd)) continue;
      const addresses = this.#hasIpv6 ? [ip, ip6] : [ip];
      end.addresses = addresses.flatMap((each) => (each === undefined ? [] : [each]));
    }
    for (const end of links.flatMap(({ ends }) => ends)) {
      end.addresses = given.get(end) ?? end.addresses;
      for (const address of end.addresses)
        await end.node.netns.addr.add(address, { dev: end.ifname, noDad: true });
    }
  }

  /** Gives nodes what Linux takes from them when a device goes down: its IPv6 addresses, and the routes by it. */
  async mend({ ends }: LabLink): Promise<void> {
    for (const { node, ifname, addresses } of ends) {
      for (const address of addresses) await node.netns.addr.replace(address, { dev: ifname, noDad: true });
    }
    await this.#route(ends.map(({ node }) => node));
  }

  /**
   * Puts in the routes that are missing and takes out those that lead nowhere any more. Of the nodes `touched` nobody knows which
   * have gone with a device.
   */
  async #route(touched: readonly LabNode[] = []): Promise<void> {
    const wanted = new Map<string, PlannedRoute>(
      planRoutes(this.#plan.ends)
        .filter(({ dst }) => this.#hasIpv6 || !dst.includes(":"))
        .map((route) => [`${route.node.name} ${route.dst} ${route.via}`, route]),
    );
    for (const [key, { node, dst, via }] of this.#routes) {
      if (wanted.has(key)) continue;
      this.#routes.delete(key);
      if (node instanceof LabNode && node.isMade)
        await node.netns.route.del({ dst, via }).catch(ignoreMissing);
    }
    for (const [key, route] of wanted) {
      const { node, dst, via } = route;
      if (!(node instanceof LabNode) || (this.#routes.has(key) && !touched.includes(node))) continue;
      await node.netns.route.replace({ dst, via });
      this.#routes.set(key, route);
    }
  }

  /** Takes a link away. It must no longer be among the lab's links; what is returned makes it again as it was. */
  async unmakeLink(link: LabLink): Promise<RemovedLink> {
    const planned = this.#plan.remove(link.ends);
    await link.a.handle?.del();
    for (const end of link.ends) end.handle = undefined;
    link.isMade = false;
    await this.#route(link.ends.map(({ node }) => node));
    return { planned };
  }

  /** Lets a link that has been taken away have its addresses again, once it is made. */
  restore({ planned }: RemovedLink): void {
    this.#plan.restore(planned);
  }

  /** Takes a node without links away. */
  async unmakeNode(node: LabNode): Promise<void> {
    await this.#machine.deleteNetns(node.name);
    node.netns = undefined;
  }
}

/** A route, or its device, that has gone already is no failure. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof NetlinkError && ["ESRCH", "ENODEV", "ENETUNREACH"].includes(error.code)))
    throw error;
}

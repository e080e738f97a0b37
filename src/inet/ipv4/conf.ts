// The settings of IPv4 for a device, `net.ipv4.conf.*`: those of a device follow the namespace's default until they are
// set for it, or until it has an address.
//
// Mirrors net/ipv4/devinet.c (ipv4_devconf, ipv4_devconf_dflt, devinet_copy_dflt_conf, ipv4_devconf_setall).

import * as conf from "../../uapi/ip.ts";

/** Sysctl names in the order of their index. */
export const conf4Names: readonly (readonly [name: string, index: number])[] = [
  ["accept_local", conf.IPV4_DEVCONF_ACCEPT_LOCAL],
  ["accept_redirects", conf.IPV4_DEVCONF_ACCEPT_REDIRECTS],
  ["accept_source_route", conf.IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE],
  ["arp_accept", conf.IPV4_DEVCONF_ARP_ACCEPT],
  ["arp_announce", conf.IPV4_DEVCONF_ARP_ANNOUNCE],
  ["arp_evict_nocarrier", conf.IPV4_DEVCONF_ARP_EVICT_NOCARRIER],
  ["arp_filter", conf.IPV4_DEVCONF_ARPFILTER],
  ["arp_ignore", conf.IPV4_DEVCONF_ARP_IGNORE],
  ["arp_notify", conf.IPV4_DEVCONF_ARP_NOTIFY],
  ["bc_forwarding", conf.IPV4_DEVCONF_BC_FORWARDING],
  ["bootp_relay", conf.IPV4_DEVCONF_BOOTP_RELAY],
  ["disable_policy", conf.IPV4_DEVCONF_NOPOLICY],
  ["disable_xfrm", conf.IPV4_DEVCONF_NOXFRM],
  ["drop_gratuitous_arp", conf.IPV4_DEVCONF_DROP_GRATUITOUS_ARP],
  ["drop_unicast_in_l2_multicast", conf.IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST],
  ["force_igmp_version", conf.IPV4_DEVCONF_FORCE_IGMP_VERSION],
  ["forwarding", conf.IPV4_DEVCONF_FORWARDING],
  ["igmpv2_unsolicited_report_interval", conf.IPV4_DEVCONF_IGMPV2_UNSOLICITED_REPORT_INTERVAL],
  ["igmpv3_unsolicited_report_interval", conf.IPV4_DEVCONF_IGMPV3_UNSOLICITED_REPORT_INTERVAL],
  ["ignore_routes_with_linkdown", conf.IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN],
  ["log_martians", conf.IPV4_DEVCONF_LOG_MARTIANS],
  ["mc_forwarding", conf.IPV4_DEVCONF_MC_FORWARDING],
  ["medium_id", conf.IPV4_DEVCONF_MEDIUM_ID],
  ["promote_secondaries", conf.IPV4_DEVCONF_PROMOTE_SECONDARIES],
  ["proxy_arp", conf.IPV4_DEVCONF_PROXY_ARP],
  ["proxy_arp_pvlan", conf.IPV4_DEVCONF_PROXY_ARP_PVLAN],
  ["route_localnet", conf.IPV4_DEVCONF_ROUTE_LOCALNET],
  ["rp_filter", conf.IPV4_DEVCONF_RP_FILTER],
  ["secure_redirects", conf.IPV4_DEVCONF_SECURE_REDIRECTS],
  ["send_redirects", conf.IPV4_DEVCONF_SEND_REDIRECTS],
  ["shared_media", conf.IPV4_DEVCONF_SHARED_MEDIA],
  ["src_valid_mark", conf.IPV4_DEVCONF_SRC_VMARK],
  ["tag", conf.IPV4_DEVCONF_TAG],
];

/** Slots of a set of values: index 0 is not used. */
const slots = conf.IPV4_DEVCONF_MAX + 1;
/** A value no setting can have: "as the default has it". */
const unset = -0x8000_0000;

/** The values of `conf.all` in a new namespace. */
export function initialConf4All(): Int32Array {
  const values = new Int32Array(slots);
  values[conf.IPV4_DEVCONF_ACCEPT_REDIRECTS] = 1;
  values[conf.IPV4_DEVCONF_SECURE_REDIRECTS] = 1;
  values[conf.IPV4_DEVCONF_SEND_REDIRECTS] = 1;
  values[conf.IPV4_DEVCONF_SHARED_MEDIA] = 1;
  values[conf.IPV4_DEVCONF_IGMPV2_UNSOLICITED_REPORT_INTERVAL] = 10_000;
  values[conf.IPV4_DEVCONF_IGMPV3_UNSOLICITED_REPORT_INTERVAL] = 1_000;
  values[conf.IPV4_DEVCONF_ARP_EVICT_NOCARRIER] = 1;
  return values;
}

/** The values of `conf.default` in a new namespace. */
export function initialConf4Default(): Int32Array {
  const values = initialConf4All();
  values[conf.IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE] = 1;
  return values;
}

/** The settings of one device. */
export class DeviceConf4 {
  readonly #default: Int32Array;
  #own: Int32Array | null = null;

  /** Follows `defaults`, which the namespace may change. */
  constructor(defaults: Int32Array) {
    this.#default = defaults;
  }

  get(index: number): number {
    const own = this.#own?.[index] ?? unset;
    return own === unset ? (this.#default[index] ?? 0) : own;
  }

  set(index: number, value: number): void {
    this.#own ??= new Int32Array(slots).fill(unset);
    this.#own[index] = value;
  }

  /** Keeps all values as they are from now on. */
  settle(): void {
    const own = this.#own ?? new Int32Array(slots).fill(unset);
    for (let index = 0; index < slots; index++) own[index] = this.get(index);
    this.#own = own;
  }
}

// The settings of IPv6 for a device, `net.ipv6.conf.*`: a device takes the namespace's default when it appears, and keeps
// it.
//
// Mirrors net/ipv6/addrconf.c (ipv6_devconf, ipv6_devconf_dflt, ipv6_store_devconf). Times are milliseconds, as
// IFLA_INET6_CONF has them, but for the three at the end, which only sysctl knows. stable_secret is kept apart.

import * as conf from "../../uapi/ipv6.ts";

/** Settings without a DEVCONF_*: they are not in IFLA_INET6_CONF. */
export const CONF_RA_HONOR_PIO_LIFE = conf.DEVCONF_MAX;
export const CONF_RA_HONOR_PIO_PFLAG = conf.DEVCONF_MAX + 1;
const CONF_REGEN_MIN_ADVANCE = conf.DEVCONF_MAX + 2;
const slots = conf.DEVCONF_MAX + 3;

/** How a setting is written as a sysctl: a number as it is, or seconds. */
export type Conf6Kind = "number" | "unsigned" | "seconds";

/** Sysctl name, index, and form. */
export const conf6Names: readonly (readonly [name: string, index: number, kind: Conf6Kind])[] = [
  ["accept_dad", conf.DEVCONF_ACCEPT_DAD, "number"],
  ["accept_ra", conf.DEVCONF_ACCEPT_RA, "number"],
  ["accept_ra_defrtr", conf.DEVCONF_ACCEPT_RA_DEFRTR, "number"],
  ["accept_ra_from_local", conf.DEVCONF_ACCEPT_RA_FROM_LOCAL, "number"],
  ["accept_ra_min_hop_limit", conf.DEVCONF_ACCEPT_RA_MIN_HOP_LIMIT, "number"],
  ["accept_ra_min_lft", conf.DEVCONF_ACCEPT_RA_MIN_LFT, "number"],
  ["accept_ra_mtu", conf.DEVCONF_ACCEPT_RA_MTU, "number"],
  ["accept_ra_pinfo", conf.DEVCONF_ACCEPT_RA_PINFO, "number"],
  ["accept_ra_rt_info_max_plen", conf.DEVCONF_ACCEPT_RA_RT_INFO_MAX_PLEN, "number"],
  ["accept_ra_rt_info_min_plen", conf.DEVCONF_ACCEPT_RA_RT_INFO_MIN_PLEN, "number"],
  ["accept_ra_rtr_pref", conf.DEVCONF_ACCEPT_RA_RTR_PREF, "number"],
  ["accept_redirects", conf.DEVCONF_ACCEPT_REDIRECTS, "number"],
  ["accept_source_route", conf.DEVCONF_ACCEPT_SOURCE_ROUTE, "number"],
  ["accept_untracked_na", conf.DEVCONF_ACCEPT_UNTRACKED_NA, "number"],
  ["addr_gen_mode", conf.DEVCONF_ADDR_GEN_MODE, "number"],
  ["autoconf", conf.DEVCONF_AUTOCONF, "number"],
  ["dad_transmits", conf.DEVCONF_DAD_TRANSMITS, "number"],
  ["disable_ipv6", conf.DEVCONF_DISABLE_IPV6, "number"],
  ["disable_policy", conf.DEVCONF_DISABLE_POLICY, "number"],
  ["drop_unicast_in_l2_multicast", conf.DEVCONF_DROP_UNICAST_IN_L2_MULTICAST, "number"],
  ["drop_unsolicited_na", conf.DEVCONF_DROP_UNSOLICITED_NA, "number"],
  ["enhanced_dad", conf.DEVCONF_ENHANCED_DAD, "number"],
  ["force_forwarding", conf.DEVCONF_FORCE_FORWARDING, "number"],
  ["force_mld_version", conf.DEVCONF_FORCE_MLD_VERSION, "number"],
  ["force_tllao", conf.DEVCONF_FORCE_TLLAO, "number"],
  ["forwarding", conf.DEVCONF_FORWARDING, "number"],
  ["hop_limit", conf.DEVCONF_HOPLIMIT, "number"],
  ["ignore_routes_with_linkdown", conf.DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN, "number"],
  ["ioam6_enabled", conf.DEVCONF_IOAM6_ENABLED, "number"],
  ["ioam6_id", conf.DEVCONF_IOAM6_ID, "number"],
  ["ioam6_id_wide", conf.DEVCONF_IOAM6_ID_WIDE, "unsigned"],
  ["keep_addr_on_down", conf.DEVCONF_KEEP_ADDR_ON_DOWN, "number"],
  ["max_addresses", conf.DEVCONF_MAX_ADDRESSES, "number"],
  ["max_desync_factor", conf.DEVCONF_MAX_DESYNC_FACTOR, "number"],
  ["mc_forwarding", conf.DEVCONF_MC_FORWARDING, "number"],
  ["mldv1_unsolicited_report_interval", conf.DEVCONF_MLDV1_UNSOLICITED_REPORT_INTERVAL, "number"],
  ["mldv2_unsolicited_report_interval", conf.DEVCONF_MLDV2_UNSOLICITED_REPORT_INTERVAL, "number"],
  ["mtu", conf.DEVCONF_MTU6, "number"],
  ["ndisc_evict_nocarrier", conf.DEVCONF_NDISC_EVICT_NOCARRIER, "number"],
  ["ndisc_notify", conf.DEVCONF_NDISC_NOTIFY, "number"],
  ["ndisc_tclass", conf.DEVCONF_NDISC_TCLASS, "number"],
  ["optimistic_dad", conf.DEVCONF_OPTIMISTIC_DAD, "number"],
  ["proxy_ndp", conf.DEVCONF_PROXY_NDP, "number"],
  ["ra_defrtr_metric", conf.DEVCONF_RA_DEFRTR_METRIC, "unsigned"],
  ["ra_honor_pio_life", CONF_RA_HONOR_PIO_LIFE, "number"],
  ["ra_honor_pio_pflag", CONF_RA_HONOR_PIO_PFLAG, "number"],
  ["regen_max_retry", conf.DEVCONF_REGEN_MAX_RETRY, "number"],
  ["regen_min_advance", CONF_REGEN_MIN_ADVANCE, "number"],
  ["router_probe_interval", conf.DEVCONF_RTR_PROBE_INTERVAL, "seconds"],
  ["router_solicitation_delay", conf.DEVCONF_RTR_SOLICIT_DELAY, "seconds"],
  ["router_solicitation_interval", conf.DEVCONF_RTR_SOLICIT_INTERVAL, "seconds"],
  ["router_solicitation_max_interval", conf.DEVCONF_RTR_SOLICIT_MAX_INTERVAL, "seconds"],
  ["router_solicitations", conf.DEVCONF_RTR_SOLICITS, "number"],
  ["rpl_seg_enabled", conf.DEVCONF_RPL_SEG_ENABLED, "number"],
  ["seg6_enabled", conf.DEVCONF_SEG6_ENABLED, "number"],
  ["seg6_require_hmac", conf.DEVCONF_SEG6_REQUIRE_HMAC, "number"],
  ["suppress_frag_ndisc", conf.DEVCONF_SUPPRESS_FRAG_NDISC, "number"],
  ["temp_prefered_lft", conf.DEVCONF_TEMP_PREFERED_LFT, "number"],
  ["temp_valid_lft", conf.DEVCONF_TEMP_VALID_LFT, "number"],
  ["use_oif_addrs_only", conf.DEVCONF_USE_OIF_ADDRS_ONLY, "number"],
  ["use_optimistic", conf.DEVCONF_USE_OPTIMISTIC, "number"],
  ["use_tempaddr", conf.DEVCONF_USE_TEMPADDR, "number"],
];

/** Settings that are not 0 in a new namespace, the same for `all`, `default` and devices but for accept_dad and mtu. */
const initialValues: readonly (readonly [index: number, value: number])[] = [
  [conf.DEVCONF_HOPLIMIT, 64],
  [conf.DEVCONF_MTU6, 1_280],
  [conf.DEVCONF_ACCEPT_RA, 1],
  [conf.DEVCONF_ACCEPT_REDIRECTS, 1],
  [conf.DEVCONF_AUTOCONF, 1],
  [conf.DEVCONF_DAD_TRANSMITS, 1],
  [conf.DEVCONF_RTR_SOLICITS, -1],
  [conf.DEVCONF_RTR_SOLICIT_INTERVAL, 4_000],
  [conf.DEVCONF_RTR_SOLICIT_DELAY, 1_000],
  [conf.DEVCONF_TEMP_VALID_LFT, 604_800],
  [conf.DEVCONF_TEMP_PREFERED_LFT, 86_400],
  [conf.DEVCONF_REGEN_MAX_RETRY, 3],
  [conf.DEVCONF_MAX_DESYNC_FACTOR, 600],
  [conf.DEVCONF_MAX_ADDRESSES, 16],
  [conf.DEVCONF_ACCEPT_RA_DEFRTR, 1],
  [conf.DEVCONF_ACCEPT_RA_PINFO, 1],
  [conf.DEVCONF_ACCEPT_RA_RTR_PREF, 1],
  [conf.DEVCONF_RTR_PROBE_INTERVAL, 60_000],
  [conf.DEVCONF_MLDV1_UNSOLICITED_REPORT_INTERVAL, 10_000],
  [conf.DEVCONF_MLDV2_UNSOLICITED_REPORT_INTERVAL, 1_000],
  [conf.DEVCONF_SUPPRESS_FRAG_NDISC, 1],
  [conf.DEVCONF_ACCEPT_RA_MTU, 1],
  [conf.DEVCONF_ACCEPT_RA_MIN_HOP_LIMIT, 1],
  [conf.DEVCONF_RTR_SOLICIT_MAX_INTERVAL, 3_600_000],
  [conf.DEVCONF_ENHANCED_DAD, 1],
  [conf.DEVCONF_RA_DEFRTR_METRIC, 1_024],
  [conf.DEVCONF_IOAM6_ID, 0xffff],
  [conf.DEVCONF_IOAM6_ID_WIDE, -1],
  [conf.DEVCONF_NDISC_EVICT_NOCARRIER, 1],
  [CONF_REGEN_MIN_ADVANCE, 2],
];

/** The values of `conf.all` in a new namespace. */
export function initialConf6All(): Int32Array {
  const values = new Int32Array(slots);
  for (const [index, value] of initialValues) values[index] = value;
  return values;
}

/** The values of `conf.default` in a new namespace. */
export function initialConf6Default(): Int32Array {
  const values = initialConf6All();
  values[conf.DEVCONF_ACCEPT_DAD] = 1;
  return values;
}

/** The settings of one device: a set shared with others until one is changed. */
export class DeviceConf6 {
  #values: Int32Array;
  #isOwn = false;
  /** The MTU a user set; 0: the device's. */
  mtu = 0;

  constructor(values: Int32Array) {
    this.#values = values;
  }

  get(index: number): number {
    return this.#values[index] ?? 0;
  }

  set(index: number, value: number): void {
    if (!this.#isOwn) this.#values = this.#values.slice();
    this.#isOwn = true;
    this.#values[index] = value;
  }
}

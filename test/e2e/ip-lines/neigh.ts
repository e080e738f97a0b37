// Command lines for comparison with iproute2: `ip neigh` – show, get, add, change, replace, delete, flush.

import type { Scenario } from "../scenario.ts";
import { TWO_PAIRS } from "./route-show.ts";

const MAC = "lladdr 02:00:00:00:00:0a";

/** Neighbours in states that nobody changes. */
const NEIGHBOURS: readonly string[] = [
  `neigh add 10.0.0.2 ${MAC} dev v0`,
  `neigh add 10.0.0.5 ${MAC} dev v0 nud stale`,
  `neigh add 10.0.0.6 ${MAC} dev v0 nud noarp`,
  `neigh add 10.0.0.9 ${MAC} dev v0 nud failed`,
  `neigh add 10.0.1.12 ${MAC} dev w0 nud permanent router`,
  `neigh add 10.0.0.14 ${MAC} dev v0 protocol zebra`,
  "neigh add proxy 10.0.0.20 dev v0",
  "neigh add proxy 10.0.0.21 dev w0 protocol static",
  "neigh add proxy 10.0.0.22",
  `neigh add 2001:db8::2 ${MAC} dev v0`,
  `neigh add 2001:db8::3 ${MAC} dev v0 nud permanent router`,
  "neigh add proxy 2001:db8::20 dev v0",
];

/** Forms of output and filters. The order of neighbours is that of a hash with a secret, so lines ask for one at a time. */
export const neighShow: Scenario = {
  title: "ip neigh show",
  setup: [...TWO_PAIRS, ...NEIGHBOURS],
  lines: `
    -s neigh show 10.0.0.2
    -s -j neigh show 10.0.0.2
    -s -s neigh show 2001:db8::3
    -s neigh show proxy 10.0.0.20
    neigh show 10.0.0.2
    neigh list 10.0.0.2
    neigh lst to 10.0.0.2
    n s 10.0.0.2
    neighbor show 10.0.0.2
    neighbour l 10.0.0.2
    -d neigh show 10.0.0.2
    -o neigh show 10.0.0.2
    -c neigh show 10.0.0.2
    -c neigh show 2001:db8::2
    -j neigh show 10.0.0.2
    -j -p neigh show 10.0.0.2
    -br neigh show 10.0.0.2
    -br neigh show 2001:db8::2
    -br -j neigh show 10.0.0.2
    -br -c neigh show 10.0.0.2
    -br neigh show 10.0.0.2 dev v0
    -j neigh show 10.0.0.2 dev v0
    neigh show dev w0
    neigh show dev w1
    neigh show dev nope
    neigh show dev if99
    neigh show dev v0 dev w0
    neigh show dev
    neigh show 10.0.1.12
    -j neigh show 10.0.1.12
    neigh show 10.0.0.14
    -N neigh show 10.0.0.14
    -j neigh show 10.0.0.14
    neigh show 10.0.0.9
    neigh show 10.0.0.6
    neigh show 10.0.0.6 nud noarp
    neigh show nud noarp dev v0 to 10.0.0.6
    neigh show nud all 10.0.0.5
    neigh show nud stale
    -j neigh show nud stale
    neigh show nud failed 10.0.0.0/24
    neigh show nud f 10.0.0.0/24
    neigh show nud p 10.0.0.2
    neigh show nud 0x80 10.0.0.2
    neigh show nud none 10.0.0.0/24
    neigh show nud reachable 10.0.0.2
    neigh show nud reachable nud permanent 10.0.0.2
    neigh show nud foo
    neigh show nud n
    neigh show nud 256
    neigh show nud
    neigh show unused 10.0.0.2
    neigh show unused nud permanent 10.0.0.2
    neigh show protocol zebra
    neigh show proto 11
    neigh show protocol all 10.0.0.2
    neigh show protocol static
    neigh show protocol foo
    neigh show proxy dev v0 10.0.0.0/8
    neigh show proxy 10.0.0.20
    -j neigh show proxy 10.0.0.20
    neigh show proxy 10.0.0.21
    neigh show proxy 10.0.0.22
    -j neigh show proxy 10.0.0.22
    -br neigh show proxy 10.0.0.22
    -6 neigh show proxy
    neigh show nud permanent proxy dev w0
    neigh show master nope
    neigh show master v0
    neigh show nomaster 10.0.0.2
    neigh show vrf v0
    neigh show vrf nope
    neigh show help
    neigh show to help
    neigh show router
    neigh show nope
    neigh show to foo
    neigh show to
    neigh show 10.0.0.3 10.0.0.2
    neigh show 2001:db8::2
    -6 neigh show 2001:db8::/127 to 2001:db8::2/128
    -4 neigh show 2001:db8::2
    -6 neigh show 10.0.0.2
    -0 neigh
    -M neigh
    -0 neigh show 10.0.0.2
    -B neigh show 10.0.0.2
    -4 neigh show dev w0
    -6 neigh show dev w0
    neigh get 10.0.0.2 dev v0
    -j neigh get 10.0.0.2 dev v0
    -c neigh get 10.0.0.2 dev v0
    -br neigh get 10.0.0.2 dev v0
    neigh get to 10.0.0.2 dev v0
    neigh get 2001:db8::3 dev v0
    neigh get 10.0.0.99 dev v0
    neigh get 10.0.0.2
    neigh get dev v0
    neigh get
    neigh g
    neigh get proxy 10.0.0.20 dev v0
    neigh get proxy 10.0.0.99 dev v0
    neigh get proxy 10.0.0.20
    neigh get 10.0.0.2 dev nope
    neigh get foo dev v0
    neigh get 10.0.0.2 dev v0 foo
    neigh get 10.0.0.0/24 dev v0
    neigh get 10.0.0.2 10.0.0.3 dev v0
    neigh get 10.0.0.2 proxy 10.0.0.3 dev v0
    -force -batch - <<< neigh get 10.0.0.99 dev v0\\nneigh get 10.0.0.2 dev v0
    neigh get help
    neigh get proxy help
    neigh get default dev v0
    -6 neigh get 10.0.0.2 dev v0
    -4 neigh get default dev v0
    -0 neigh get default dev v0
    neigh add 10.0.0.13 lladdr 02:00:00:00:00:0a dev v0 nud permanent extern_learn
    neigh show 10.0.0.13
    -j neigh show 10.0.0.13
    neigh show nud stale 10.0.0.13
    neigh help
    neigh h
    neigh foo
    neigh rm 10.0.0.2
  `,
};

/** Verbs and wrong words. */
export const neighModify: Scenario = {
  title: "ip neigh add and its kin",
  setup: TWO_PAIRS,
  lines: `
    neigh add 10.0.0.2 lladdr 02:00:00:00:00:09 dev v0
    neigh add 10.0.0.2 lladdr 02:00:00:00:00:09 dev v0
    neigh
    neigh add 10.0.0.3 dev v0
    neigh add 10.0.0.3 dev v0 nud none
    neigh del 10.0.0.3 dev v0
    neigh change 10.0.0.2 lladdr 02:00:00:00:00:0c dev v0
    neigh chg 10.0.0.2 lladdr 02:00:00:00:00:0d dev v0
    neigh show
    neigh replace 10.0.0.2 lladdr 02:00:00:00:00:0e dev v0 nud noarp router
    neigh show nud all dev v0 10.0.0.0/24
    neigh c 10.0.0.99 lladdr 02:00:00:00:00:0c dev v0
    neigh r 10.0.0.98 lladdr 2:0:0:0:0:c dev v0
    neigh show 10.0.0.98
    neigh del 10.0.0.98 dev v0
    neigh show 10.0.0.98
    neigh d 10.0.0.97 dev v0
    neigh delete 10.0.0.2 lladdr 02:00:00:00:00:0c dev v0 nud permanent
    neigh add proxy 10.0.0.20 dev v0
    neigh add proxy 10.0.0.20 dev v0
    neigh del proxy 10.0.0.20 dev v0
    neigh del proxy 10.0.0.20 dev v0
    neigh add proxy 10.0.0.22
    neigh show proxy
    neigh del proxy 10.0.0.22
    neigh add 10.0.0.11 dev v0 lladdr 02:00:00:00:00:0a nud 0x80
    neigh add 10.0.0.12 dev v0 lladdr 02:00:00:00:00:0a nud foo
    neigh add 10.0.0.12 dev v0 lladdr 02:00:00:00:00:0a nud all
    neigh add 10.0.0.12 dev v0 lladdr 02:00:00:00:00:0a nud
    neigh add 10.0.0.12 dev v0 lladdr foo
    neigh add 10.0.0.12 dev v0 lladdr zz:2:3:4:5:6
    neigh add 10.0.0.12 dev v0 lladdr 02:00
    neigh add 10.0.0.12 dev v0 lladdr 1.2.3.4
    neigh add 10.0.0.12 dev v0 lladdr null
    neigh add 10.0.0.12 dev v0 lladdr
    neigh add 10.0.0.12 dev v0 lladdr 1:2:3:4:5:6 lladdr 1:2:3:4:5:7
    neigh add 10.0.0.12 dev nope lladdr 02:00:00:00:00:0a
    neigh add 10.0.0.12 dev nope lladdr zz
    neigh add 10.0.0.12 dev v0 dev w0 lladdr 02:00:00:00:00:0a
    neigh show dev w0
    neigh add 10.0.0.13 dev v0 lladdr 02:00:00:00:00:0a foo
    neigh add 10.0.0.13 dev v0 lladdr 02:00:00:00:00:0a vni 5
    neigh add 10.0.0.13 10.0.0.14 dev v0
    neigh add 10.0.0.13 to 10.0.0.14 dev v0
    neigh add 10.0.0.13 proxy 10.0.0.14 dev v0
    neigh add 10.0.0.13 dev v0 help
    neigh add help 10.0.0.13 dev v0
    neigh add proxy help
    neigh add 10.0.0.13 dev v0 protocol
    neigh add 10.0.0.13 dev v0 protocol foo
    neigh add 10.0.0.13 dev v0 ll 02:00:00:00:00:0a ext prot static
    neigh show 10.0.0.13
    neigh add 10.0.0.2
    neigh add 10.0.0.2 dev
    neigh add dev v0
    neigh add
    neigh add foo dev v0
    neigh add 10.0.0.30/24 dev v0
    neigh add default dev v0 lladdr 1:2:3:4:5:6
    neigh add any dev v0 lladdr 1:2:3:4:5:6
    -4 neigh add any dev v0 lladdr 1:2:3:4:5:6
    -6 neigh add 10.0.0.2 dev v0 lladdr 1:2:3:4:5:6
    -4 neigh add 2001::1 dev v0 lladdr 1:2:3:4:5:6
    -0 neigh add default dev v0 lladdr 1:2:3:4:5:6
    -0 neigh add zz dev v0
    -0 neigh add 10.0.0.2 dev v0 lladdr 1:2:3:4:5:6
    -B neigh add 10.0.0.2 dev v0 lladdr 1:2:3:4:5:6
    -M neigh add 10.0.0.2 dev v0 lladdr 1:2:3:4:5:6
    neigh add to 10.0.0.32 dev v0 lladdr 02:00:00:00:00:0a
    neigh show 10.0.0.32
    neigh add 2001:db8::2 dev v0 lladdr 02:00:00:00:00:0b
    neigh replace 2001:db8::2 dev v0 lladdr 02:00:00:00:00:0c router
    neigh show 2001:db8::2
    neigh del 2001:db8::2 dev v0
    neigh del 2001:db8::2 dev v0
    neigh add 224.0.0.5 dev v0 lladdr 02:00:00:00:00:0a
    neigh show 224.0.0.5
    neigh del 10.0.0.2
    -batch - <<< neigh add 10.0.0.50 dev v0 lladdr 02:00:00:00:00:0a\\nneigh show 10.0.0.50
    -force -batch - <<< neigh add 10.0.0.50 dev v0 lladdr 02:00:00:00:00:0a\\nneigh get 10.0.0.50\\nneigh get 10.0.0.50 dev v0
  `,
};

/** Neighbours by the dozen. */
export const neighFlush: Scenario = {
  title: "ip neigh flush",
  setup: [...TWO_PAIRS, ...NEIGHBOURS, `neigh add 10.0.0.13 ${MAC} dev v0 nud permanent extern_learn`],
  lines: `
    neigh flush
    neigh fl
    neigh flush foo
    neigh flush nud foo
    neigh flush dev nope
    neigh flush help
    -s neigh flush dev w0
    -s neigh flush 10.0.0.5
    neigh show 10.0.0.5
    -s -s neigh flush to 10.0.0.13
    -s neigh flush nud permanent dev w0
    neigh show dev w0
    -s -s neigh flush proxy 10.0.0.20
    -s neigh flush proxy dev w0
    -s neigh flush proxy
    neigh show proxy
    -s neigh flush to 10.0.0.2
    -s -s -j neigh flush nud permanent to 10.0.0.2
    -s neigh flush nud noarp 10.0.0.6
    -s neigh flush nud all 10.0.0.0/24
    -s neigh flush nud all 10.0.0.0/24
    neigh flush all
    neigh flush unused
    -4 neigh
    neigh show 2001:db8::2
  `,
};

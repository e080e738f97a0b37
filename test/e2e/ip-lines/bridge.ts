// Command lines for comparison with iproute2's `bridge`: ports, forwarding tables, groups, VLANs as far as the live kernel has
// them, with right words and wrong ones.

import type { Scenario } from "../scenario.ts";

const setup = [
  "link set v0 addrgenmode none",
  "link set v1 addrgenmode none",
  "link add br0 index 20 address 02:00:00:00:00:20 type bridge vlan_default_pvid 0",
  "link set br0 addrgenmode none",
  "link set v0 master br0",
  "link set br0 type bridge mcast_querier 0",
  "link set br0 up",
  "link set v0 up",
  "link set v1 up",
];

/** Ports, forwarding tables, VLANs, options. */
export const bridgeLines: Scenario = {
  title: "bridge link, fdb, vlan",
  program: "bridge",
  setup,
  lines: `
    link show
    link show dev v0
    link show dev v1
    link show dev nope
    link show foo
    -d link
    -s -d -o link
    link set dev v0 cost x
    link set cost 3
    link set dev v0
    link set dev v0 state foo
    link set dev v0 foo 3
    link set dev v0 hwmode foo
    link set dev v0 hairpin foo
    link set dev nope cost 2
    link set dev v0 cost 4 self
    link set dev v1 cost 4
    link set dev v0 backup_port nope
    link foo
    fdb add 02:00:00:00:00:21 dev v0 master static
    fdb add
    fdb add dev v0
    fdb add 02:00:00:00:00:21
    fdb add xx dev v0
    fdb add 02:00:00:00:00 dev v0
    fdb add 02:00:00:00:00:21 dev nope
    fdb add 02:00:00:00:00:21 dev v0 vlan x
    fdb add 02:00:00:00:00:21 dev v0 vlan 5 master
    fdb add 02:00:00:00:00:21 dev v0 master foo
    fdb add 02:00:00:00:00:21 dev v0 master dst foo
    fdb add 02:00:00:00:00:21 dev v0 master dst 10.0.0.1 nhid 4
    fdb show br br0 state foo
    fdb show br br0 state static
    fdb show br br0 dynamic
    fdb show vlan 5
    fdb show br
    fdb show foo
    fdb get
    fdb get xx br br0
    fdb get 02:00:00:00:00:21
    fdb get 02:00:00:00:00:21 br nope
    fdb get 02:00:00:00:00:21 br br0
    -s fdb get 02:00:00:00:00:99 br br0
    fdb flush
    fdb flush dev nope
    fdb flush dev br0 vlan x
    fdb flush dev br0 foo
    fdb flush dev br0 nopermanent nostatic
    fdb foo
    vlan show
    -j vlan show
    vlan add
    vlan add dev v0
    vlan add dev v0 vid x
    vlan add dev v0 vid 5
    vlan add dev v0 vid 5-3
    vlan add dev v0 vid 5-7 pvid
    vlan add dev v0 vid 5 foo
    vlan add dev nope vid 5
    vlan del dev v0 vid 5
    vlan foo
    vlan show dev nope
    -t nope
    -n nope link
    nope
    -x
    help
    link help
    -j -d link
    -j -s fdb show br br0
    -p -j link
  `,
};

/** Groups. */
export const bridgeMdbLines: Scenario = {
  title: "bridge mdb",
  unordered: /mdb( show.*)?$/,
  program: "bridge",
  setup,
  lines: `
    mdb add dev br0 port v0 grp 239.1.1.1 permanent
    mdb add dev br0 port v0 grp 239.1.1.1
    mdb add dev br0 port v0 grp 239.1.1.2 permanent
    mdb add dev br0 port v0 grp 239.1.1.1
    mdb add dev br0 port v0 grp 239.1.1.1
    mdb add dev br0 port v0 grp 239.1.1.3 temp
    mdb add dev br0 port br0 grp 239.1.1.4
    mdb add dev br0 port br0 grp 239.1.1.5 permanent
    mdb add dev br0 port br0 grp 239.1.1.5 permanent
    mdb add dev br0 port v0 grp 224.0.0.5
    mdb add dev br0 port v0 grp 10.0.0.1
    mdb add dev br0 port v0 grp ff02::1
    mdb add dev br0 port v0 grp ff05::1:2 permanent
    mdb add dev br0 port v0 grp 01:00:00:00:00:07 permanent
    mdb add dev br0 port v0 grp 01:00:00:00:00:07
    mdb add dev br0 port v0 grp 02:00:00:00:00:07 permanent
    mdb add dev br0 port v2 grp 239.1.1.1
    mdb add dev br0 port nope grp 239.1.1.1
    mdb add dev v0 port v0 grp 239.1.1.1
    mdb add dev nope port v0 grp 239.1.1.1
    mdb add dev br0 port v0 grp 239.1.1.1 vid 5
    mdb add dev br0 port v0 grp 239.1.1.1 vid 5000
    mdb add dev br0 port v0 grp 239.1.1.9 src 10.0.0.5
    mdb add dev br0 port v0 grp 239.1.1.9 src nonsense
    mdb add dev br0 port v0 grp nonsense
    mdb add dev br0 port v0
    mdb add
    mdb show
    -d mdb show
    -s mdb show
    -d -s -j -p mdb show dev br0
    mdb del dev br0 port v0 grp 239.1.1.1
    mdb del dev br0 port v0 grp 239.1.1.1
    mdb del dev br0 port br0 grp 239.1.1.5
    mdb del dev br0 port br0 grp 239.1.1.5
    mdb add dev br0 port v0 grp 239.1.1.1
    mdb del dev br0 port v0 grp 239.1.1.2
    mdb show
    -s mdb show
    -d -s -j mdb show
    mdb show dev nope
    mdb nonsense
  `,
};

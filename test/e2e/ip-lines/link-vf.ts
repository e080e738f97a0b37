// Command lines for comparison with iproute2: `ip link set DEV vf …` and `xdp …`, on devices that have neither.

import type { Scenario } from "../scenario.ts";

/** Settings of virtual functions. */
export const linkVf: Scenario = {
  title: "ip link set vf",
  setup: [],
  lines: `
    link set v0 vf
    link set v0 vf x mac 02:00:00:00:00:01
    link set v0 vf 0
    link set v0 vf 0 foo
    link set v0 vf 0 mac 02:00:00:00:00:01
    link set v0 vf 0 mac 1
    link set v0 vf 0 mac xx
    link set v0 vf 0 vlan 5
    link set v0 vf 0 vlan 5 qos 3 proto 802.1ad
    link set v0 vf 0 v 5 q 3 p 802.1AD
    link set v0 vf 0 vlan 5 proto 0x88a8
    link set v0 vf 0 vlan 5 proto ipv4
    link set v0 vf 0 vlan 5 proto foo
    link set v0 vf 0 vlan 5 protocol 802.1ad
    link set v0 vf 0 vlan 5 qos 3 qos 4
    link set v0 vf 0 vlan 5 qos x
    link set v0 vf 0 vlan 5 foo
    link set v0 vf 0 vlan 4096
    link set v0 vf 0 vlan 5 vlan 6
    link set v0 vf 0 rate 10
    link set v0 vf 0 rate -1
    link set v0 vf 0 rate
    link set v0 vf 0 max_tx_rate 10
    link set v0 vf 0 min_tx_rate 5 max_tx_rate 10 trust on
    link set v0 vf 0 max_tx_rate x
    link set v0 vf 0 min_tx_rate x
    link set v0 vf 0 spoofchk on
    link set v0 vf 0 sp maybe
    link set v0 vf 0 query_rss off
    link set v0 vf 0 trust ON
    link set v0 vf 0 state auto
    link set v0 vf 0 st e
    link set v0 vf 0 state AUTO
    link set v0 vf 0 node_guid 00:11:22:33:44:55:66:77
    link set v0 vf 0 port_guid 00:11:22:33:44:55:66:7777
    link set v0 vf 0 po 1:2:3:4:5:6:7:8
    link set v0 vf -1 trust on
    link set v0 vf 4294967296 trust on
    link set v0 vf 0 trust on vf 1 trust on up
    link add w0 vf 0 type veth
    link show v0`,
};

/** Programs for every frame: none is there to be taken off. */
export const linkXdp: Scenario = {
  title: "ip link set xdp",
  setup: [],
  lines: `
    link set v0 xdp
    link set v0 xdp off
    link set v0 xdp none
    link set v0 xdpgeneric off
    link set v0 xdpdrv off
    link set v0 xdpoffload off
    link set v0 xdp of
    link set v0 xdp foo
    link set v0 xdp off up
    link set v0 xdpdrv off off
    link set v0 xdp object
    link set v0 xdp pin
    link add w0 xdp off type veth
    link show v0`,
};

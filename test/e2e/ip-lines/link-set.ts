// Command lines for comparison with iproute2: `ip link set`, its abbreviations and refusals.

import type { Scenario } from "../scenario.ts";

/** What can be set of a link. */
export const linkSet: Scenario = {
  title: "ip link set",
  setup: ["link set v0 addrgenmode none", "link set v1 addrgenmode none"],
  lines: `
    link set
    link set help
    link set v0
    link set v0 help
    link set v0 up
    link set v0 up up
    link set v0 d
    link set v0 down
    link set up v0
    link set up
    link set nosuch up
    link set dev nosuch up
    link set dev v0 dev v1 up
    link set v0 dev v1
    link set v0 foo
    link set v0 u
    link set dev
    link set if10 down
    link set if99 up
    link set if0 up
    link set v0 mtu
    link set v0 mtu foo
    link set v0 mtu 10
    link set v0 mtu 70000
    link set v0 mtu -1
    link set v0 mtu 99999999999
    link set v0 mtu 1 mtu 2
    link set v0 mtu 0x500
    link set v0 mt 5
    link set v0 txqueuelen x
    link set v0 txqueuelen 5 txqueuelen 6
    link set v0 t 5
    link set v0 qlen 8
    link set v0 txqlen -1
    link show v0
    link set v0 txq 1000
    link set v0 address foo
    link set v0 address 11:22
    link set v0 address 2:1:2:3:4:100
    link set v0 address 02::
    link set v0 address 03:11:22:33:44:55
    link set v0 address 0:0:0:0:0:0
    link set v0 address 1.2.3.4
    link set v0 address 02:00:00:00:00:12
    link set v0 a 02:00:00:00:00:13
    link set v0 broadcast x
    link set v0 brd ff:ff:ff:ff:ff:fe
    link set v0 br ff:ff
    link set nosuch address 1:2
    link set v0 name v1
    link set v0 name x/y
    link set v0 name "a b"
    link set v0 name ""
    link set v0 name .
    link set v0 name 0123456789abcdef0
    link set v0 name a name b
    link set v0 name w0
    link show w0
    link set w0 name v0
    link set v0 alias "one two"
    link show v0
    link set v0 al x
    link set v0 alias ""
    link set v0 group foo
    link set v0 group 5
    link set v0 group default group 7
    link set group 5 mtu 1300
    link set group 77 up
    link set group foo up
    link set v0 g 0
    -j link show v0
    link set v0 master nosuch
    link set v0 master v1
    link set v0 nomaster
    link set v0 n x
    link set v0 vrf v1
    link set v0 netns nosuch
    link set v0 netns 999999
    link set v0 netns 1 netns 2
    link set v0 link-netns foo
    link set v0 link-netnsid x
    link set v0 link-netnsid 1 link-netnsid 2
    link set v0 mode foo
    link set v0 mode dormant
    link set v0 mode DEFAULT
    link set v0 state foo
    link set v0 state up
    link set v0 numtxqueues x
    link set v0 numtxqueues 1 numtxqueues 2
    link set v0 nu 5
    link set v0 addrgenmode foo
    link set v0 addrgenmode eui64
    link set v0 addrg none
    link set v0 gso_max_size x
    link set v0 gso_max_size 1000
    link set v0 gso_max_size 999999999
    link set v0 gso_max_segs 99999
    link set v0 gso_max_segs 100
    link set v0 gro_max_size 999999999
    -d link show v0
    link set v0 index 5
    link set v0 index x
    link set v0 index 0
    link set v0 arp foo
    link set v0 arp off
    link set v0 multicast off
    link set v0 allmulticast on
    link set v0 promisc on
    link set v0 dyn on
    link set v0 trailers off
    link show v0
    -d -j link show v0
    link set v0 carrier foo
    link set v0 carrier off
    link set v0 protodown foo
    link set v0 protodown on
    link set v0 protodown_reason x on
    link set v0 protodown_reason 32 on
    link set v0 protodown_reason 1 foo
    link set v0 type veth
    link set v0 type veth peer
    link set v0 type veth peer name x
    link set v0 type dummy foo
    link set v0 type foo
    link set v0 type foo x
    link set v0 ty
    link set lo type veth
    link change v0 up
    link c nosuch up
    link set lo mtu 1500
    link set lo name loop
    link show v0
    link show
  `,
};

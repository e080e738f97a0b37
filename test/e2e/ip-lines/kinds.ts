// Command lines for comparison with iproute2: kinds that the live kernel has too, with right words and wrong ones.

import type { Scenario } from "../scenario.ts";

/** macvlan: every mode, source lists, what the kernel refuses. */
export const macvlanLines: Scenario = {
  title: "type macvlan",
  setup: ["link set v0 up", "link set v1 up"],
  lines: `
    link help macvlan
    link add link v0 m0 type macvlan help
    link add link v0 m0 type macvlan foo
    link add link v0 m0 type macvlan mode
    link add link v0 m0 type macvlan mode bri
    link add link v0 m0 type macvlan flag foo
    link add link v0 m0 type macvlan bcqueuelen x
    link add link v0 m0 type macvlan bcqueuelen 4294967296
    link add link nosuch m0 type macvlan
    link add m0 type macvlan
    link add link lo m0 type macvlan
    link add link v0 m0 address 02:00:00:00:00:30 mtu 1501 type macvlan
    link add link v0 m0 address 01:00:00:00:00:30 type macvlan
    link add link v0 m0 index 20 address 02:00:00:00:00:30 type macvlan
    link show m0
    -d link show m0
    -d -j link show m0
    -d -j -p link show m0
    link set m0 up
    link show m0
    -d link show v0
    link set m0 mtu 1501
    link set m0 mtu 1400
    link set v0 mtu 1300
    link show m0
    link set m0 type macvlan m bridge
    -d link show m0
    link set m0 type macvlan mode passthru
    link set m0 type macvlan mode bridge macaddr add 02:00:00:00:00:01
    link set m0 type vlan id 5
    link add link v0 m1 index 21 address 02:00:00:00:00:30 type macvlan mode private
    link set m1 up
    link set m1 address 02:00:00:00:00:31
    link set m1 up
    link show type macvlan
    -br link show type macvlan
    link set m1 address 02:00:00:00:00:30
    link add link m0 m2 index 22 address 02:00:00:00:00:32 type macvlan mode vepa bcqueuelen 7
    -d link show m2
    link set v1 down
    link show m0
    link set v1 up
    link set v0 down
    link show m0
    link set v0 up
    link show m0
    link del m0
    link del m1
    link del m2
    link add link v0 m0 index 30 type macvlan mode passthru nopromisc
    -d link show m0
    -d -j link show m0
    link set m0 up
    -d link show v0
    link set m0 type macvlan flag null
    -d link show v0
    link add link v0 m1 type macvlan
    link set m0 address 02:00:00:00:00:40
    link show v0
    link set v0 address 02:00:00:00:00:10
    link show m0
    link del m0
    link add link v0 m0 index 31 type macvlan mode source macaddr
    link add link v0 m0 index 31 type macvlan mode source macaddr foo
    link add link v0 m0 index 31 type macvlan mode source macaddr add
    link add link v0 m0 index 31 type macvlan mode source macaddr add xx
    link add link v0 m0 index 31 address 02:00:00:00:00:30 type macvlan mode source macaddr set 02:00:00:00:00:01 02:00:00:00:00:02 02:00:00:00:00:03
    -d link show m0
    -d -j link show m0
    link set m0 type macvlan macaddr del 02:00:00:00:00:02
    link set m0 type macvlan macaddr add 02:00:00:00:00:09 bcqueuelen 5
    -d link show m0
    link set m0 type macvlan macaddr set xx
    link set m0 type macvlan macaddr add 01:00:00:00:00:01
    link set m0 type macvlan macaddr flush flag nodst
    -d link show m0
    -d -j link show m0
    link set m0 type macvlan macaddr set
    link del v0
    link show
  `,
};

/** ifb: made, changed, refused. */
export const ifbLines: Scenario = {
  title: "type ifb",
  setup: [],
  lines: `
    link help ifb
    link add i0 index 20 type ifb help
    link add i0 index 20 type ifb
    -d link show i0
    -d -j link show i0
    link add i0 type ifb
    link add i1 address 01:00:00:00:00:01 type ifb
    link add i1 index 21 address 02:00:00:00:00:01 numtxqueues 4 type ifb
    -d link show i1
    link set i0 address 02:00:00:00:00:02
    link set i0 type ifb
    link set i0 mtu 100000
    link set i0 mtu 1
    link set i0 carrier off
    link set i0 txqueuelen 5
    link show i0
    link set i0 mtu 1400
    link show type ifb
    link set i1 name i2
    link del i0
    link del i2 type ifb
    link show
  `,
};

/** vxlan: what it can be told, what it cannot be, what is changed later. */
export const vxlanLines: Scenario = {
  title: "type vxlan",
  setup: ["link set v0 up", "link set v1 up"],
  lines: `
    link help vxlan
    link add x type vxlan
    link add x type vxlan help
    link add x type vxlan id 5 foo
    link add x type vxlan id
    link add x type vxlan id x
    link add x type vxlan id 16777216
    link add x type vxlan id 5 id 6
    link add x type vxlan id 5 remote 10.0.0.1 group 239.1.1.1
    link add x type vxlan id 5 remote any
    link add x type vxlan id 5 remote x
    link add x type vxlan id 5 remote fd00::1 local 10.0.0.1
    link add x type vxlan id 5 local 239.1.1.1
    link add x type vxlan id 5 group 10.0.0.1
    link add x type vxlan id 5 group 239.1.1.1
    link add x type vxlan id 5 ttl 300
    link add x type vxlan id 5 ttl x
    link add x type vxlan id 5 tos 256
    link add x type vxlan id 5 maxaddress x
    link add x type vxlan id 5 srcport x 1
    link add x type vxlan id 5 srcport 1 70000
    link add x type vxlan id 5 srcport 1
    link add x type vxlan id 5 srcport 200 100 dstport 1
    link add x type vxlan id 5 dstport x
    link add x type vxlan id 5 dstport 1 dstport 2
    link add x type vxlan id 5 ageing x
    link add x type vxlan id 5 dev nosuch
    link add x type vxlan id 5 df foo
    link add x type vxlan id 5 flowlabel 1048576
    link add x type vxlan id 5 external
    link add x type vxlan id 5 vnifilter
    link add x type vxlan id 5 learning nolearning
    link add x type vxlan dstport 4789
    link add x type vxlan id 5 dstport 4789 gpe
    link add x type vxlan id 5 dstport 4789 flowlabel 5
    link add x type vxlan id 5 dstport 1 remote fe80::1
    link add x address 01:00:00:00:00:00 type vxlan id 5 dstport 4789
    link add x mtu 60 type vxlan id 5 dstport 4789
    link add x index 20 address 02:00:00:00:00:20 type vxlan id 5
    -d link show x
    -d -j link show x
    link del x
    link add x index 20 address 02:00:00:00:00:20 type vxlan id 5 dstport 4789 dev v0 local 10.0.0.1 remote 10.0.0.2 ttl 7 tos 4 nolearning ageing 10 maxaddress 5 srcport 100 200 proxy rsc l2miss l3miss
    -d link show x
    -d -j link show x
    link add y type vxlan id 5 dstport 4789
    link set x type vxlan id 6
    link set x type vxlan id 5
    link set x type vxlan dstport 5
    link set x type vxlan external
    link set x type vxlan gbp
    link set x type vxlan proxy
    link set x type vxlan nol2miss
    link set x type vxlan noudpcsum
    link set x type vxlan udp6zerocsumtx
    link set x type vxlan remcsumtx
    link set x type vxlan srcport 5 6
    link set x type vxlan maxaddress 3
    link set x mtu 1400 type vxlan ttl 3
    link set x type vxlan remote fd00::1
    link set x type vxlan local fd00::1
    link set x type vxlan ageing 20 remote 10.0.0.3 learning ttl 9 tos 3 df set local 10.0.0.9
    link set x type vxlan dev v1
    -d link show x
    link set x mtu 1451
    link set x mtu 1450
    link set x up
    link show x
    link set x address 02:00:00:00:00:21
    link set x protodown on
    link set x type vxlan group 239.1.1.1 dev v0
    -d link show x
    link del x
    link add x index 22 address 02:00:00:00:00:20 type vxlan id 5 dstport 4789 dev v0 tos inherit ttl inherit df inherit
    -d link show x
    -d -j link show x
    link del x
    link add x index 23 address 02:00:00:00:00:20 type vxlan id 5 dstport 1 remote fe80::1 local fe80::2 dev v0 flowlabel 0x12345
    -d link show x
    -d -j link show x
    link del x
    link add x index 24 address 02:00:00:00:00:20 type vxlan id 5 dstport 1 remcsumtx remcsumrx gbp df set noudpcsum udp6zerocsumrx ageing none maxaddress unlimited
    -d link show x
    -d -j link show x
    link del x
    link add x index 25 address 02:00:00:00:00:20 type vxlan external dstport 4789 vnifilter
    -d link show x
    -d -j link show x
    link add y index 26 address 02:00:00:00:00:21 type vxlan external dstport 4789
    link add z type vxlan external dstport 4789
    link del x
    link del y
    link add x index 27 address 02:00:00:00:00:20 mtu 1600 type vxlan id 7 dstport 4789 dev v0
    link show x
    link set v0 type vxlan id 3
    link del v0
    link show
  `,
};

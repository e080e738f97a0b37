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

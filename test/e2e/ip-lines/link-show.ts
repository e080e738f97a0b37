// Command lines for comparison with iproute2: `ip link show` in every form, `ip link help`, alternative names.

import type { Scenario } from "../scenario.ts";

/** Forms of output and filters of links. */
export const linkShow: Scenario = {
  title: "ip link show",
  setup: [
    "link add y0 index 24 address 02:00:00:00:00:24 type veth peer name y1 index 23 address 02:00:00:00:00:23",
    "link set v0 addrgenmode none",
    "link set v1 addrgenmode none",
    "link set y0 addrgenmode none",
    "link set v0 group 5 alias hello txqueuelen 7",
    "link property add dev v0 altname alt0 altname alternative-name-that-is-long",
    "link set v1 up",
    "link set v0 up",
    "link set y0 up",
    // Asking for one link makes the kernel catch up with its carrier.
    "link show v0",
    "link show v1",
    "link show y0",
  ],
  lines: `
    link
    link show
    link list
    link lst
    link ls v0
    link sh v0
    link show v0
    link show dev v1
    link show alt0
    link show alternative-name-that-is-long
    link show if10
    link show if999
    -d link show v0
    -d link show lo
    -s link show v0
    -s -s link show lo
    -h -s -s link show lo
    -iec -h -s link show v1
    -o link
    -o -s link show v0
    -o -d -s -s link show v0
    -br link
    -br -d -s link
    -br link show v0
    -4 link
    -6 link
    -0 link
    -B link
    -N link
    -j link
    -j -p link
    -j -o link
    -j -br link
    -j -p -br link
    -j -s link show v0
    -j -p -d -s -s link show v0
    link show up
    -j link show up
    -br link show up
    -j -br link show up
    -o link show up
    link show up y0
    link show y1 up
    link show type veth
    link show type foo
    -j link show type foo
    link show type veth_slave
    link show v0 type veth
    link show v0 type dummy
    link show master v0
    link show master nosuch
    link show v0 master v1
    link show nomaster
    -j -br link show nomaster
    link show group 5
    link show group default
    link show group 0
    link show group 6
    link show group foo
    link show group 5 dev v0
    link show group 6 dev v0
    link show group
    link show vrf v0
    link show vrf nosuch
    link show label v0
    -j link show label v0
    link show v0 v1
    link show dev v0 dev v1
    link show dev
    link show nosuch
    -j link show nosuch
    link show v0 foo
    link show help
    link show h
    link help
    link h
    link help veth
    link help dummy
    link help foo
    link foo
    link v0
  `,
};

/** Masters and their ports. */
export const linkMasters: Scenario = {
  title: "ip link show master",
  setup: [
    "link add br0 index 20 address 02:00:00:00:00:20 type bridge",
    "link add w0 index 22 address 02:00:00:00:00:22 type veth peer name w1 index 21 address 02:00:00:00:00:21",
    "link set w0 master br0",
  ],
  lines: `
    link
    -j -p link
    -br link
    link show w0
    link show type bridge
    -j link show type bridge
    link show type bridge_slave
    -j link show type bridge_slave
    link show master br0
    -br link show master br0
    -j link show master br0
    link show v0 master br0
    link show vrf br0
    link show nomaster
    -j -br link show nomaster
    link show w0 nomaster
    addr show master br0
    -j addr show nomaster
    link set w1 master br0
    link set w0 nomaster
    link set v0 master w0
    link
  `,
};

/** Alternative names. */
export const linkProperty: Scenario = {
  title: "ip link property",
  setup: [],
  lines: `
    link property
    link property help
    link property foo
    link prop add
    link property add dev v0
    link property add dev v0 altname
    link property add dev v0 altname one altname two
    link property add v1 altname three
    link property add v1 altname one
    link property add v1 altname v0
    link property add v1 altname a/b
    link property add v1 altname four bar
    link property add dev nosuch altname x
    link property add altname x
    -j -p link show
    link show two
    link set one mtu 1400
    link property del dev v0 altname one
    link property del dev v0 altname nope
    link property del two altname two
    link prop d v1 a three
    link show
  `,
};

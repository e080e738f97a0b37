// What: every built-in kind holds to the contract of kinds (test/suites/device-kind.suite.ts).

import { describeDeviceKind } from "../../test/suites/device-kind.suite.ts";
import { BOND_MODE_8023AD, BOND_MODE_ALB, BOND_MODE_TLB } from "../uapi/if_bonding.ts";
import { IFLA_BOND_MODE, IFLA_VLAN_ID, IFLA_VRF_TABLE, IFLA_VXLAN_ID } from "../uapi/if_link.ts";

describeDeviceKind({ kind: "dummy" });
describeDeviceKind({
  kind: "bridge",
  refusesOwnData: "IFLA_BR_FDB_N_LEARNED is told, and never taken",
  isImmovable: "its ports would stay behind",
});
describeDeviceKind({ kind: "veth", companions: ["veth0"] });
describeDeviceKind({
  kind: "macvlan",
  hasLower: true,
  refusesOwnData: "IFLA_MACVLAN_MACADDR_COUNT is told, and never taken",
});
describeDeviceKind({
  kind: "vlan",
  hasLower: true,
  data: (writer) => writer.u16(IFLA_VLAN_ID, 5),
  refusesOwnData: "IFLA_VLAN_FLAGS is told with a mask of all bits, and taken with known ones only",
});
describeDeviceKind({ kind: "ifb" });
describeDeviceKind({
  kind: "netkit",
  companions: ["nk0"],
  refusesOwnData: "IFLA_NETKIT_PRIMARY is told, and never taken",
});
describeDeviceKind({
  kind: "bond",
  refusesOwnData: "delays need miimon",
  isImmovable: "its slaves would stay behind",
});
for (const mode of [BOND_MODE_8023AD, BOND_MODE_TLB, BOND_MODE_ALB]) {
  describeDeviceKind({
    kind: "bond",
    data: (writer) => writer.u8(IFLA_BOND_MODE, mode),
    refusesOwnData: "what is of other modes is told too",
    isImmovable: "its slaves would stay behind",
  });
}
describeDeviceKind({ kind: "nlmon" });
describeDeviceKind({
  kind: "vrf",
  data: (writer) => writer.u32(IFLA_VRF_TABLE, 10),
  refusesOwnData: "a VRF cannot be changed",
  isImmovable: "its ports would stay behind",
});
describeDeviceKind({
  kind: "vxlan",
  data: (writer) => writer.u32(IFLA_VXLAN_ID, 5),
  refusesOwnData: "most of it is fixed for life",
});

// Kinds of device with a planted bug each: a run that does not find them does not look.

import { createLink } from "../../src/net/create-link.ts";
import { etherSetup } from "../../src/net/ethernet.ts";
import { dropTx } from "../../src/net/frame.ts";
import type { Device, LinkOps, NewLink } from "../../src/net/netdevice.ts";
import { registerDevice } from "../../src/net/register.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import { policy, u32 } from "../../src/netlink/policy.ts";
import { NET_NAME_ENUM } from "../../src/uapi/netdevice.ts";

/** IFLA_INFO_DATA of a canary: the bug shows when the value is even. */
const canaryPolicy = policy(1, { [1]: u32("value") });

type CanaryRequest = NewLink<null, typeof canaryPolicy>;

function canary(kind: string, bug: (request: CanaryRequest) => void): LinkOps<null, typeof canaryPolicy> {
  return {
    kind,
    policy: canaryPolicy,
    createState: () => null,
    setup: etherSetup,
    newLink(request) {
      if ((request.data?.value ?? 1) % 2 === 0) bug(request);
      registerDevice(request.dev);
    },
    device: { startXmit: (frame, dev: Device<null>) => dropTx(frame, dev, "blackhole") },
  };
}

/** Throws what is no NetlinkError. */
export const throwing = canary("canary-throws", () => {
  throw new RangeError("Planted");
});

/** Refuses, and leaves a device behind. */
export const halfDone = canary("canary-half", ({ dev }) => {
  const attrs = {};
  registerDevice(
    createLink({ netns: dev.netns, ops: halfDone, name: "half%d", nameAssign: NET_NAME_ENUM, attrs }),
  );
  throw new NetlinkError("EINVAL");
});

/** Takes a frame and forgets it. */
export const leaking = canary("canary-leaks", ({ dev }) => {
  dev.machine.frames.alloc(60);
});

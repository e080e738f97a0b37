// echo: a device that answers every frame with itself, its addresses swapped, until a limit is reached. An example of a kind
// that lives outside uveth: name this file in ~/.config/uveth/config.json, then `uveth ip link add e0 type echo`.
//
//   { "modules": { "rtnl-link-echo": "/where/it/is/echo.mjs" } }

/** IFLA_INFO_DATA of an echo: how many frames it answers; 0 for all. */
const ECHO_LIMIT = 1;

/**
 * @param {typeof import("uveth/drivers")} uveth What the machine hands to a kind.
 * @returns {import("uveth/drivers").LinkOps}
 */
export function kind(uveth) {
  const { count, counters, dropTx, etherRandomAddress, etherSetMacAddress, etherSetup, ethTypeTrans } = uveth;
  const { netifRx, policies } = uveth;
  const policy = policies.policy(ECHO_LIMIT, { [ECHO_LIMIT]: policies.u32("limit") });

  return {
    kind: "echo",
    policy,
    device: { startXmit, setMacAddress: etherSetMacAddress },
    createState: () => ({ limit: 0, answered: 0 }),
    setup(dev) {
      etherSetup(dev);
      dev.isQueueless = true;
      etherRandomAddress(dev);
    },
    newLink({ dev, data }) {
      uveth.registerDevice(dev);
      this.changeLink?.(dev, {}, data, () => {});
    },
    changeLink(dev, _attrs, data) {
      const state = /** @type {{ limit: number }} */ (dev.state);
      state.limit = /** @type {{ limit?: number } | undefined} */ (data)?.limit ?? state.limit;
    },
    fillInfo(dev, writer) {
      writer.u32(ECHO_LIMIT, /** @type {{ limit: number }} */ (dev.state).limit);
    },
  };

  /**
   * Takes ownership of `frame`, never throws, and ends in one of: delivered, queued, dropped with a reason.
   *
   * @param {import("uveth/drivers").Frame} frame
   * @param {import("uveth/drivers").Device} dev
   */
  function startXmit(frame, dev) {
    const state = /** @type {{ limit: number, answered: number }} */ (dev.state);
    if (frame.length < 14) return dropTx(frame, dev, "runt");
    if (state.limit !== 0 && state.answered >= state.limit) return dropTx(frame, dev, "filtered");
    if (!frame.pool.writable(frame)) return dropTx(frame, dev, "no-memory");
    const { bytes, start, length } = frame;
    const destination = uveth.readMac(bytes, start);
    uveth.writeMac(bytes, start, uveth.readMac(bytes, start + 6));
    uveth.writeMac(bytes, start + 6, destination);
    state.answered++;
    count(dev, counters.TX_PACKETS, 1);
    count(dev, counters.TX_BYTES, length);
    ethTypeTrans(frame, dev);
    if (!netifRx(frame, dev)) return;
    count(dev, counters.RX_PACKETS, 1);
    count(dev, counters.RX_BYTES, length);
  }
}

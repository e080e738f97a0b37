// A frame for each datagram: over UDP, or between two Unix sockets, as QEMU's `-netdev dgram` and gvisor-tap-vsock's vfkit mode speak.
// There is no connection: the TAP has carrier as long as the socket is there.

import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Tap } from "../../../index.ts";
import type { Attached } from "../../attached.ts";
import { unixAddress } from "../unix-address.ts";
import type { OutsideEndpoint } from "./endpoint.ts";
import { refusal } from "./refusal.ts";
import { UnixDatagram } from "./unix-datagram.ts";

/** Bytes that may wait to be sent before frames are dropped. */
const mostQueued = 1 << 20;
const socketBuffer = 1 << 20;

type Udp = Extract<OutsideEndpoint, { type: "udp" }>;
type Dgram = Extract<OutsideEndpoint, { type: "dgram" }>;

/**
 * Binds a UDP socket and sends to another; what comes from elsewhere is not let in. Rejects with a NetlinkError: EADDRINUSE and what
 * else bind(2) says, EIO for a name that leads nowhere.
 */
export async function exchangeUdp(tap: Tap, { local, remote }: Udp): Promise<Attached> {
  const socket = createSocket(isIPv6(local.host) ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    const refused = (error: Error): void => {
      socket.close();
      reject(refusal(error, `Cannot use ${local.host}:${local.port} and ${remote.host}:${remote.port}`));
    };
    socket.once("error", refused);
    // Connected, the system lets in only what comes from there.
    socket.bind(local.port, local.host, () =>
      socket.connect(remote.port, remote.host, () => {
        socket.off("error", refused);
        // That nobody is there yet is told with the datagram after.
        socket.on("error", () => {});
        resolve();
      }),
    );
  });
  socket.setSendBufferSize(socketBuffer);
  socket.setRecvBufferSize(socketBuffer);
  socket.on("message", (frame) => tap.deliver(frame));
  tap.onFrame = (frame) => {
    if (socket.getSendQueueSize() > mostQueued) return false;
    socket.send(frame.slice(), () => {});
    return true;
  };
  tap.setCarrier(true);
  return { close: () => socket.close() };
}

/** The same between two Unix sockets, of which the other need not be there yet; rejects as UnixDatagram.open does. */
export async function exchangeDatagrams(tap: Tap, { local, remote }: Dgram): Promise<Attached> {
  const address = unixAddress(remote);
  const socket = await UnixDatagram.open(local, (frame) => tap.deliver(frame));
  tap.onFrame = (frame) => socket.send(frame, address);
  tap.setCarrier(true);
  return socket;
}

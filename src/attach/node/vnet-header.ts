// The header before each frame that passes a TAP opened with IFF_VNET_HDR: what the kernel still leaves to be done to the
// frame, a checksum or a segmentation, to and from what our frames know of themselves.
//
// Mirrors <linux/virtio_net.h> and include/linux/virtio_net.h (virtio_net_hdr_to_skb, virtio_net_hdr_from_skb), in little
// endian (TUNSETVNETLE). Omitted: GSO inside of tunnels, which must be agreed on first and is not.

import { getU16, setU16 } from "../../bytes/endian.ts";
import type { Frame } from "../../net/netdevice.ts";
import {
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  GSO_NONE,
  GSO_TCPV4,
  GSO_TCPV6,
  GSO_UDP_L4,
} from "../../net/netdevice.ts";
import {
  VIRTIO_NET_HDR_CSUM_OFFSET,
  VIRTIO_NET_HDR_CSUM_START,
  VIRTIO_NET_HDR_F_DATA_VALID,
  VIRTIO_NET_HDR_F_NEEDS_CSUM,
  VIRTIO_NET_HDR_FLAGS,
  VIRTIO_NET_HDR_GSO_ECN,
  VIRTIO_NET_HDR_GSO_SIZE,
  VIRTIO_NET_HDR_GSO_TYPE,
  VIRTIO_NET_HDR_HDR_LEN,
} from "../../uapi/virtio_net.ts";

/** Offset of the flags in a TCP header's 13th byte: data offset, then CWR and its neighbours. */
const tcpDataOffset = 12;
const tcpFlagsOffset = 13;
const tcpCwr = 0x80;
const udpHeaderLength = 8;

/**
 * Takes over what the header at `offset` of `frame.bytes` says of `frame`, whose `start` is at its MAC header. False when
 * the header contradicts the frame, which is the caller's to drop.
 */
export function readVnetHeader(frame: Frame, offset: number): boolean {
  const { bytes } = frame;
  const flags = bytes[offset + VIRTIO_NET_HDR_FLAGS] ?? 0;
  if ((flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) !== 0) {
    const start = getU16(bytes, offset + VIRTIO_NET_HDR_CSUM_START);
    const at = getU16(bytes, offset + VIRTIO_NET_HDR_CSUM_OFFSET);
    if (start + at + 2 > frame.end - frame.start) return false;
    frame.checksum = CHECKSUM_PARTIAL;
    frame.csumStart = frame.start + start;
    frame.csumOffset = at;
    frame.transportHeader = frame.csumStart;
  } else {
    frame.checksum = (flags & VIRTIO_NET_HDR_F_DATA_VALID) !== 0 ? CHECKSUM_UNNECESSARY : CHECKSUM_NONE;
  }
  const gsoType = (bytes[offset + VIRTIO_NET_HDR_GSO_TYPE] ?? 0) & ~VIRTIO_NET_HDR_GSO_ECN;
  if (gsoType === GSO_NONE) return true;
  if (gsoType !== GSO_TCPV4 && gsoType !== GSO_TCPV6 && gsoType !== GSO_UDP_L4) return false;
  const gsoSize = getU16(bytes, offset + VIRTIO_NET_HDR_GSO_SIZE);
  const headers = frame.csumStart - frame.start + udpHeaderLength;
  if (gsoSize === 0 || frame.checksum !== CHECKSUM_PARTIAL || headers > frame.end - frame.start) return false;
  frame.gsoType = gsoType;
  frame.gsoSize = gsoSize;
  frame.gsoSegments = Math.ceil((frame.end - frame.start - headersLength(frame)) / gsoSize);
  return true;
}

/** Writes what `frame`, whose `start` is at its MAC header, leaves to be done, to `size` bytes at `offset` of its bytes. */
export function writeVnetHeader(frame: Frame, offset: number, size: number): void {
  const { bytes } = frame;
  bytes.fill(0, offset, offset + size);
  if (frame.checksum === CHECKSUM_PARTIAL) {
    bytes[offset + VIRTIO_NET_HDR_FLAGS] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    setU16(bytes, offset + VIRTIO_NET_HDR_CSUM_START, frame.csumStart - frame.start);
    setU16(bytes, offset + VIRTIO_NET_HDR_CSUM_OFFSET, frame.csumOffset);
  } else if (frame.checksum === CHECKSUM_UNNECESSARY) {
    bytes[offset + VIRTIO_NET_HDR_FLAGS] = VIRTIO_NET_HDR_F_DATA_VALID;
  }
  if (frame.gsoType === GSO_NONE) return;
  const isEcn =
    frame.gsoType !== GSO_UDP_L4 && ((bytes[frame.csumStart + tcpFlagsOffset] ?? 0) & tcpCwr) !== 0;
  bytes[offset + VIRTIO_NET_HDR_GSO_TYPE] = frame.gsoType | (isEcn ? VIRTIO_NET_HDR_GSO_ECN : 0);
  setU16(bytes, offset + VIRTIO_NET_HDR_HDR_LEN, headersLength(frame));
  setU16(bytes, offset + VIRTIO_NET_HDR_GSO_SIZE, frame.gsoSize);
}

/** Bytes of all headers of a frame that is to be segmented: each segment begins with a copy of them. */
function headersLength(frame: Frame): number {
  const before = frame.csumStart - frame.start;
  if (frame.gsoType === GSO_UDP_L4) return before + udpHeaderLength;
  return before + ((frame.bytes[frame.csumStart + tcpDataOffset] ?? 0) >> 4) * 4;
}

// The generic netlink family "uveth": what Linux does by system call (make, list and delete a namespace) or not at all
// (ping, sysctl, captures). Ours, not a header of Linux's. Data only. Attribute payloads are in host order but for addresses;
// times are u64 nanoseconds, those of events since the machine's start. A request that streams (PING, CAPTURE) is answered
// by one event message after another and ends in its ACK; closing the socket ends it early.

export const UVETH_GENL_NAME = "uveth";
export const UVETH_GENL_VERSION = 1;
/** The package's version, which client and machine compare. */
export const UVETH_VERSION = "0.1.0";

// Multicast groups
export const UVETH_MCGRP_NETNS_NAME = "netns"; // NETNS_NEW and NETNS_DEL as they happen

// Commands
export const UVETH_CMD_UNSPEC = 0;
export const UVETH_CMD_INFO = 1; // → VERSION, EPOCH_NS, TIME_NS, NETNS_COUNT, LINK_COUNT, FRAME_COUNT, TIMER_COUNT
export const UVETH_CMD_NETNS_NEW = 2; // NETNS
export const UVETH_CMD_NETNS_DEL = 3; // NETNS
export const UVETH_CMD_NETNS_GET = 4; // [NETNS], or a dump → NETNS, NETNS_ID, LINK_COUNT
export const UVETH_CMD_SYSCTL_GET = 5; // NETNS, SYSCTL_NAME; or a dump of NETNS → SYSCTL_NAME, SYSCTL_VALUE
export const UVETH_CMD_SYSCTL_SET = 6; // NETNS, SYSCTL_NAME, SYSCTL_VALUE
export const UVETH_CMD_PING = 7; // NETNS, DESTINATION, [SOURCE, IFNAME, COUNT, INTERVAL_NS, TIMEOUT_NS, SIZE, TTL, TOS]
export const UVETH_CMD_PING_EVENT = 8; // what PING is answered with
export const UVETH_CMD_CAPTURE = 9; // NETNS, [IFNAME, SNAPLEN, COUNT, FILTER]
export const UVETH_CMD_FRAME = 10; // what CAPTURE is answered with, once per frame
export const UVETH_CMD_NETNS_OPEN = 11; // [NETNS] → NETNS_FD
export const UVETH_CMD_NETNS_CLOSE = 12; // NETNS_FD
export const UVETH_CMD_NETNS_ENTER = 13; // NETNS: sockets that this process opens later live there (setns)
export const UVETH_CMD_NATIVE = 14; // NETNS, [MAPS_RANGE] → PID, [MAPS_RANGE]: a kernel's stack in place of the machine's own
export const UVETH_CMD_ATTACH = 15; // NETNS, IFNAME, ENDPOINT, [MTU]: a TAP whose wire leads outside; acknowledged when it does
export const UVETH_CMD_MAX = 15;

// Attributes
export const UVETH_A_UNSPEC = 0;
export const UVETH_A_PAD = 1;
export const UVETH_A_NETNS = 2; // string: a namespace's name; absent means the socket's own
export const UVETH_A_NETNS_ID = 3; // u32: never used twice, as an inode number is not
export const UVETH_A_VERSION = 4; // string: the package's version
export const UVETH_A_EPOCH_NS = 5; // u64: the machine's start, since 1970
export const UVETH_A_TIME_NS = 6; // u64: now, or when the event was
export const UVETH_A_NETNS_COUNT = 7; // u32
export const UVETH_A_LINK_COUNT = 8; // u32
export const UVETH_A_SYSCTL_NAME = 9; // string, dots between the parts
export const UVETH_A_SYSCTL_VALUE = 10; // string
export const UVETH_A_DESTINATION = 11; // 4 or 16 bytes, network order
export const UVETH_A_SOURCE = 12; // 4 or 16 bytes: the address to send from, or an answer's sender
export const UVETH_A_IFNAME = 13; // string
export const UVETH_A_IFINDEX = 14; // u32
export const UVETH_A_COUNT = 15; // u32: requests or frames; 0 or absent means without end
export const UVETH_A_INTERVAL_NS = 16; // u64: at least a millisecond
export const UVETH_A_TIMEOUT_NS = 17; // u64: how long one answer is waited for
export const UVETH_A_SIZE = 18; // u32: payload bytes of an echo request; ICMP bytes of an answer
export const UVETH_A_TTL = 19; // u8: TTL or hop limit
export const UVETH_A_TOS = 20; // u8: TOS or traffic class
export const UVETH_A_PING_EVENT = 21; // u8: UVETH_PING_*
export const UVETH_A_PING_SEQ = 22; // u32: counted from 1, not cut to 16 bits
export const UVETH_A_RTT_NS = 23; // u64
export const UVETH_A_DUPLICATE = 24; // flag: the sequence number was answered before
export const UVETH_A_ICMP_TYPE = 25; // u8
export const UVETH_A_ICMP_CODE = 26; // u8
export const UVETH_A_ICMP_INFO = 27; // u32: the error's second word (MTU of the next hop, pointer)
export const UVETH_A_ERRNO = 28; // u32: positive
export const UVETH_A_SNAPLEN = 29; // u32: bytes kept of a frame; 0 or absent means all
export const UVETH_A_DIRECTION = 30; // u8: UVETH_DIRECTION_*
export const UVETH_A_PACKET_TYPE = 31; // u8: PACKET_* of <linux/if_packet.h>
export const UVETH_A_PROTOCOL = 32; // u16: EtherType
export const UVETH_A_LENGTH = 33; // u32: bytes on the wire
export const UVETH_A_BYTES = 34; // binary: what was kept of them, from the Ethernet header on
export const UVETH_A_PACKET_ID = 35; // u64: the same for one frame wherever it is seen
export const UVETH_A_DROP_REASON = 36; // string: present when the frame was dropped here
export const UVETH_A_CSUM_STATE = 37; // u8: UVETH_CSUM_*
export const UVETH_A_CSUM_START = 38; // u16
export const UVETH_A_CSUM_OFFSET = 39; // u16
export const UVETH_A_GSO_TYPE = 40; // u8: VIRTIO_NET_HDR_GSO_* of <linux/virtio_net.h>
export const UVETH_A_GSO_SIZE = 41; // u16
export const UVETH_A_LOST = 42; // u32: frames not handed over before this one, because the reader was slow
export const UVETH_A_NETNS_FD = 43; // u32: a descriptor of the sender's process, as IFLA_NET_NS_FD takes it
export const UVETH_A_FRAME_COUNT = 44; // u32: frames that somebody holds
export const UVETH_A_TIMER_COUNT = 45; // u32: timers that are set
export const UVETH_A_FILTER = 46; // string: which frames, in the words of pcap-filter(7)
export const UVETH_A_PID = 47; // u32: the first process of a native namespace
export const UVETH_A_MAPS_RANGE = 48; // flag: its users are root and a range of ids, not the caller alone
export const UVETH_A_ENDPOINT = 49; // string: where a wire leads to: "listen:PATH", "connect:HOST:PORT", "vde:FOLDER", …
export const UVETH_A_MTU = 50; // u32
export const UVETH_A_MAX = 50;

// UVETH_A_PING_EVENT
export const UVETH_PING_SENT = 1; // PING_SEQ, TIME_NS
export const UVETH_PING_REPLY = 2; // PING_SEQ, TIME_NS, RTT_NS, SOURCE, TTL, SIZE, [DUPLICATE]
export const UVETH_PING_ICMP_ERROR = 3; // PING_SEQ, TIME_NS, SOURCE, ICMP_TYPE, ICMP_CODE, [ICMP_INFO]
export const UVETH_PING_SEND_ERROR = 4; // PING_SEQ, TIME_NS, ERRNO
export const UVETH_PING_TIMEOUT = 5; // PING_SEQ, TIME_NS

// UVETH_A_DIRECTION, as pcapng's epb_flags have it
export const UVETH_DIRECTION_IN = 1;
export const UVETH_DIRECTION_OUT = 2;

// UVETH_A_CSUM_STATE
export const UVETH_CSUM_NONE = 0;
export const UVETH_CSUM_PARTIAL = 1;
export const UVETH_CSUM_VERIFIED = 2;

// netem's own option of uveth: 1 to decide for each segment of a large frame (u8)
export const TCA_NETEM_UVETH_PER_SEGMENT = 4096;

// Mirrors <linux/virtio_net.h>. Data only.

// flags of the header
export const VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;
export const VIRTIO_NET_HDR_F_DATA_VALID = 2;
export const VIRTIO_NET_HDR_F_RSC_INFO = 4;
export const VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM = 8; // newer than Linux 6.1's headers

// gso_type of the header
export const VIRTIO_NET_HDR_GSO_NONE = 0;
export const VIRTIO_NET_HDR_GSO_TCPV4 = 1;
export const VIRTIO_NET_HDR_GSO_UDP = 3;
export const VIRTIO_NET_HDR_GSO_TCPV6 = 4;
export const VIRTIO_NET_HDR_GSO_UDP_L4 = 5; // newer than Linux 6.1's headers
export const VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 = 0x20; // newer than Linux 6.1's headers
export const VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 = 0x40; // newer than Linux 6.1's headers
export const VIRTIO_NET_HDR_GSO_ECN = 0x80;

// struct virtio_net_hdr_v1: the header with num_buffers
export const VIRTIO_NET_HDR_FLAGS = 0;
export const VIRTIO_NET_HDR_GSO_TYPE = 1;
export const VIRTIO_NET_HDR_HDR_LEN = 2;
export const VIRTIO_NET_HDR_GSO_SIZE = 4;
export const VIRTIO_NET_HDR_CSUM_START = 6;
export const VIRTIO_NET_HDR_CSUM_OFFSET = 8;
export const VIRTIO_NET_HDR_NUM_BUFFERS = 10;
export const VIRTIO_NET_HDR_SIZE = 12;

// struct virtio_net_hdr: the same without num_buffers
export const VIRTIO_NET_HDR_SHORT_SIZE = 10;

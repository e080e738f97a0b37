// Mirrors <linux/if_packet.h>. Data only.

// Packet types, pkt_type and sll_pkttype
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;
export const PACKET_LOOPBACK = 5;
export const PACKET_USER = 6;
export const PACKET_KERNEL = 7;

// struct sockaddr_ll: the address of a packet socket
export const SOCKADDR_LL_FAMILY = 0;
export const SOCKADDR_LL_PROTOCOL = 2;
export const SOCKADDR_LL_IFINDEX = 4;
export const SOCKADDR_LL_HATYPE = 8;
export const SOCKADDR_LL_PKTTYPE = 10;
export const SOCKADDR_LL_HALEN = 11;
export const SOCKADDR_LL_ADDR = 12;
export const SOCKADDR_LL_SIZE = 20;

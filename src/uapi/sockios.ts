// Mirrors <linux/sockios.h>, struct ifreq of <linux/if.h> and the structures of <linux/route.h>, <linux/ipv6.h>,
// <linux/ipv6_route.h> and <linux/if_arp.h>: the requests of ioctl(2) on a socket, as far as used. Data only.

export const SIOCADDRT = 0x890b;
export const SIOCDELRT = 0x890c;
export const SIOCRTMSG = 0x890d;
export const SIOCGIFNAME = 0x8910;
export const SIOCGIFCONF = 0x8912;
export const SIOCGIFFLAGS = 0x8913;
export const SIOCSIFFLAGS = 0x8914;
export const SIOCGIFADDR = 0x8915;
export const SIOCSIFADDR = 0x8916;
export const SIOCGIFDSTADDR = 0x8917;
export const SIOCSIFDSTADDR = 0x8918;
export const SIOCGIFBRDADDR = 0x8919;
export const SIOCSIFBRDADDR = 0x891a;
export const SIOCGIFNETMASK = 0x891b;
export const SIOCSIFNETMASK = 0x891c;
export const SIOCGIFMETRIC = 0x891d;
export const SIOCSIFMETRIC = 0x891e;
export const SIOCGIFMTU = 0x8921;
export const SIOCSIFMTU = 0x8922;
export const SIOCSIFNAME = 0x8923;
export const SIOCSIFHWADDR = 0x8924;
export const SIOCGIFHWADDR = 0x8927;
export const SIOCGIFSLAVE = 0x8929;
export const SIOCSIFSLAVE = 0x8930;
export const SIOCADDMULTI = 0x8931;
export const SIOCDELMULTI = 0x8932;
export const SIOCGIFINDEX = 0x8933;
export const SIOCSIFPFLAGS = 0x8934;
export const SIOCGIFPFLAGS = 0x8935;
export const SIOCDIFADDR = 0x8936;
export const SIOCSIFHWBROADCAST = 0x8937;
export const SIOCGIFTXQLEN = 0x8942;
export const SIOCSIFTXQLEN = 0x8943;
export const SIOCETHTOOL = 0x8946;
export const SIOCGMIIPHY = 0x8947;
export const SIOCSMIIREG = 0x8949;
export const SIOCWANDEV = 0x894a;
export const SIOCDARP = 0x8953;
export const SIOCGARP = 0x8954;
export const SIOCSARP = 0x8955;
export const SIOCGIFMAP = 0x8970;
export const SIOCSIFMAP = 0x8971;
export const SIOCBONDENSLAVE = 0x8990;
export const SIOCBONDRELEASE = 0x8991;
export const SIOCBONDSETHWADDR = 0x8992;
export const SIOCBONDSLAVEINFOQUERY = 0x8993;
export const SIOCBONDINFOQUERY = 0x8994;
export const SIOCBONDCHANGEACTIVE = 0x8995;
export const SIOCBRADDBR = 0x89a0;
export const SIOCBRDELBR = 0x89a1;
export const SIOCBRADDIF = 0x89a2;
export const SIOCBRDELIF = 0x89a3;
export const SIOCSHWTSTAMP = 0x89b0;
export const SIOCGHWTSTAMP = 0x89b1;
export const SIOCDEVPRIVATE = 0x89f0;

// struct ifreq of a 64-bit Linux: the name, then the union
export const IFREQ_SIZE = 40;
export const IFREQ_IFRU = 16;

// struct rtentry of a 64-bit Linux
export const RTENTRY_DST = 8;
export const RTENTRY_GATEWAY = 24;
export const RTENTRY_GENMASK = 40;
export const RTENTRY_FLAGS = 56;
export const RTENTRY_METRIC = 80;
export const RTENTRY_DEV = 88;
export const RTENTRY_MTU = 96;
export const RTENTRY_WINDOW = 104;
export const RTENTRY_SIZE = 120;

// rt_flags
export const RTF_UP = 0x0001;
export const RTF_GATEWAY = 0x0002;
export const RTF_HOST = 0x0004;
export const RTF_MTU = 0x0040;
export const RTF_WINDOW = 0x0080;
export const RTF_REJECT = 0x0200;

// struct in6_rtmsg of a 64-bit Linux
export const IN6_RTMSG_DST = 0;
export const IN6_RTMSG_GATEWAY = 32;
export const IN6_RTMSG_DST_LEN = 52;
export const IN6_RTMSG_METRIC = 56;
export const IN6_RTMSG_FLAGS = 72;
export const IN6_RTMSG_IFINDEX = 76;
export const IN6_RTMSG_SIZE = 80;

// struct in6_ifreq
export const IN6_IFREQ_PREFIXLEN = 16;
export const IN6_IFREQ_IFINDEX = 20;
export const IN6_IFREQ_SIZE = 24;

// struct arpreq
export const ARPREQ_PA = 0;
export const ARPREQ_HA = 16;
export const ARPREQ_FLAGS = 32;
export const ARPREQ_NETMASK = 36;
export const ARPREQ_DEV = 52;
export const ARPREQ_SIZE = 68;

// arp_flags
export const ATF_COM = 0x02;
export const ATF_PERM = 0x04;
export const ATF_PUBL = 0x08;
export const ATF_NETMASK = 0x20;
export const ATF_DONTPUB = 0x40;

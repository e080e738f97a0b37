// The help text of `uveth ping`, in ping(8)'s layout.

export const PING_USAGE = `
Usage
  ping [options] <destination>

Options:
  <destination>      ip address
  -c <count>         stop after <count> replies
  -D                 print timestamps
  -h                 print help and exit
  -I <interface>     either interface name or address
  -i <interval>      seconds between sending each packet
  -n                 no dns name resolution
  -Q <tclass>        use quality of service <tclass> bits
  -q                 quiet output
  -s <size>          use <size> as number of data bytes to be sent
  -t <ttl>           define time to live
  -V                 print version and exit
  -w <deadline>      reply wait <deadline> in seconds
  -W <timeout>       time to wait for response
  -4                 use IPv4
  -6                 use IPv6

To ping from a namespace: uveth ip netns exec NAME uveth ping <destination>
`;

// What a netlink client needs of the world: a socket that sends datagrams and hands received ones over. A machine in
// this process, the daemon and a live kernel's AF_NETLINK each implement it, so the same client speaks to all three.

/** What came along with a datagram (the control messages of a netlink socket). */
export interface DatagramInfo {
  /** The multicast group it was sent to; 0 for an answer (NETLINK_PKTINFO). */
  readonly group?: number;
  /** The namespace an event comes from, under NETLINK_LISTEN_ALL_NSID, when it is not the socket's own. */
  readonly nsid?: number;
}

/** A netlink socket, as its user holds it. */
export interface NetlinkTransport {
  /** The port id that answers carry as nlmsg_pid. */
  readonly portId: number;
  /** Sends one datagram of requests; `datagram` may be reused as soon as the call returns. */
  send(datagram: Uint8Array): void;
  /**
   * Where received datagrams go; set it before the first `send`. The bytes belong to the receiver. An overrun
   * (ENOBUFS) arrives as `onOverrun`, the end of the connection as `onClose`.
   */
  onDatagram: (datagram: Uint8Array, info: DatagramInfo) => void;
  onOverrun: () => void;
  onClose: (reason?: Error) => void;
  /** Sets an option of level SOL_NETLINK by its number in uapi/netlink.ts (NETLINK_EXT_ACK, NETLINK_ADD_MEMBERSHIP, …). */
  setOption(option: number, value: number): void;
  /** Closes the socket; nothing is received after. */
  close(): void;
}

/** What a socket is to be: the netlink protocol (NETLINK_ROUTE, NETLINK_GENERIC) and the namespace it lives in. */
export interface SocketRequest {
  readonly protocol: number;
  /** A namespace's name, as `ip netns` knows it; absent for the initial one. */
  readonly netns?: string | undefined;
}

/** An open reference to a namespace, as a file descriptor of its file is on Linux. */
export interface NetnsHandle {
  /** What IFLA_NET_NS_FD and NETNSA_FD mean on every socket of the provider that opened it. */
  readonly fd: number;
  close(): void;
}

/** Something netlink sockets can be opened on: one process, as the other side sees it. */
export interface NetlinkProvider {
  /** Opens a socket; rejects with a NetlinkError (ENOENT for a namespace that is not there). */
  openSocket(request: SocketRequest): Promise<NetlinkTransport>;
  /** Opens a namespace by the name `ip netns` knows it by; rejects with a NetlinkError (ENOENT). */
  openNetns(name: string): Promise<NetnsHandle>;
}

// The public door `uveth/attach/node`: what joins a machine, or its clients, to the system that Node runs on.

export type { AgentOptions, Resolve, SocketSpace } from "./agent.ts";
export { agent, connector, httpsAgent } from "./agent.ts";
export { fetch } from "./fetch.ts";
export type { Forwarded, ForwardOptions } from "./forward.ts";
export { forward } from "./forward.ts";
export type { KernelNetlinkOptions } from "./kernel-netlink.ts";
export { kernelNetlink } from "./kernel-netlink.ts";
export type { NativeNamespace, NativeOptions } from "./native/open-native.ts";
export { openNative } from "./native/open-native.ts";
export { connect, NetnsSocket } from "./netns-socket.ts";
export { attachEndpoint } from "./outside/attach.ts";
export type { Uplink, UplinkOptions } from "./uplink.ts";
export { uplink } from "./uplink.ts";
export type { WebStreams } from "./web-streams.ts";
export { webStreams } from "./web-streams.ts";

// The public door `uveth/attach/node`: what joins a machine, or its clients, to the system that Node runs on.

export type { KernelNetlinkOptions } from "./kernel-netlink.ts";
export { kernelNetlink } from "./kernel-netlink.ts";
export type { NativeNamespace, NativeOptions } from "./native/open-native.ts";
export { openNative } from "./native/open-native.ts";

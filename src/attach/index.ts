// The public door `uveth/attach`: what joins a machine to the world it runs in, on any platform.

export type { Attached } from "./attached.ts";
export type { FrameChannel } from "./channel.ts";
export { attachChannel } from "./channel.ts";
export type { World } from "./real-time.ts";
export { realTime } from "./real-time.ts";

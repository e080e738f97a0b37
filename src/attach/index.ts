// The public door `uveth/attach`: what joins a machine to the world it runs in, on any platform.

export type { World } from "./real-time.ts";
export { realTime } from "./real-time.ts";

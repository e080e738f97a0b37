// The world of a command that runs in a namespace: sockets are opened there unless it names another one.

import type { CommandIo } from "./io.ts";

/** `io` with `name` for its namespace. */
export function inNetns(io: CommandIo, name: string): CommandIo {
  const { provider } = io;
  return {
    ...io,
    netns: name,
    provider: {
      openSocket: ({ protocol, netns = name }) => provider.openSocket({ protocol, netns }),
      openNetns: (other) => provider.openNetns(other),
    },
  };
}

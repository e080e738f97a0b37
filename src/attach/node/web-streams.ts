// A connection as a pair of web streams.

import { ReadableStream, WritableStream } from "node:stream/web";
import type { Connection } from "../../index.ts";

/** Both directions of a connection. Closing `writable` ends that direction; cancelling or aborting either breaks it off. */
export interface WebStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Takes a connection over; the streams feel the pressure of the other end. */
export function webStreams(connection: Connection): WebStreams {
  const readable = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const bytes = await connection.read();
      if (bytes === null) controller.close();
      else controller.enqueue(bytes);
    },
    cancel: () => connection.reset(),
  });
  const writable = new WritableStream<Uint8Array>({
    write: (bytes) => connection.write(bytes),
    close: () => connection.end(),
    abort: () => connection.reset(),
  });
  return { readable, writable };
}

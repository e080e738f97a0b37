// How a request object becomes attributes: each key of the object, in the order of its keys, by the writer of that name.

import type { MessageWriter } from "../../../src/netlink/writer.ts";

/** One writer for each key of `Attributes`. */
export type AttributeWriters<Attributes> = {
  readonly [Key in keyof Attributes]-?: (writer: MessageWriter, value: NonNullable<Attributes[Key]>) => void;
};

/** Writes those of `request`'s keys that have a writer, in their order. */
export function writeAttributes<Attributes>(
  writer: MessageWriter,
  writers: AttributeWriters<Attributes>,
  request: Attributes,
): void {
  const isKey = (key: PropertyKey): key is keyof Attributes => Object.hasOwn(writers, key);
  for (const key of Reflect.ownKeys(Object(request))) {
    if (isKey(key)) writeAttribute(writer, writers, request, key);
  }
}

function writeAttribute<Attributes, Key extends keyof Attributes>(
  writer: MessageWriter,
  writers: AttributeWriters<Attributes>,
  request: Attributes,
  key: Key,
): void {
  const value = request[key];
  if (value !== undefined && value !== null) writers[key](writer, value);
}

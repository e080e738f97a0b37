// The words of the parity bodies: requests as plain objects, messages back as plain objects, addresses as text.
//
// A request's attributes are written in the order of the object's keys, so a body chooses the order, and with it the
// offsets that extended acknowledgements point at. What a message lacks is undefined in its object, which `toEqual`
// takes for absent.

export * from "./vocabulary/addr.ts";
export * from "./vocabulary/errors.ts";
export * from "./vocabulary/frames.ts";
export * from "./vocabulary/link.ts";
export * from "./vocabulary/message.ts";
export * from "./vocabulary/neigh.ts";
export * from "./vocabulary/nsid.ts";
export * from "./vocabulary/route.ts";
export * from "./vocabulary/rule.ts";
export * from "./vocabulary/text.ts";

// What joins a device to the outside, as its user holds it.

/** A wire to the outside; `close()` it, which leaves the device there without carrier. */
export interface Attached {
  close(): void;
}

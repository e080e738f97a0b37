// What a lab cannot do, in one sentence, with the cure where there is one.

/** A wrong use of a lab, or something that this system or this version does not allow. */
export class LabError extends Error {
  override readonly name = "LabError";
}

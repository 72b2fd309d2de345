// What cannot be tried, and why.

/** It cannot be tried; the message says why. */
export class LeftOut extends Error {
  override readonly name = "LeftOut";
}

/**
 * Why bytes of a database are not read. A RangeError, as Buffer's own reads beyond an end are: whoever reads a database
 * catches one kind, and what it says is told to a person when it is of ours.
 */
export class Unread extends RangeError {}

/** Part of a buffer. @throws Unread when it does not hold so much. */
export function slice(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new Unread('it is cut or damaged');
  return bytes.subarray(at, at + length);
}

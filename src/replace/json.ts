/** Values of an answer, taken for what they are: whoever says them may be of any version, or another than was thought. */

/** An object, or one without fields. */
export function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** A text, or an empty one. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The elements of a list, or none. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

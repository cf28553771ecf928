/** A query for `filters` of a list, as the Engine API takes it. */
export function filters(of: Readonly<Record<string, readonly string[]>>): string {
  return `filters=${encodeURIComponent(JSON.stringify(of))}`;
}

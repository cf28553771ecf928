/**
 * Parses the content of a pax extended header: `LENGTH KEY=VALUE\n`, LENGTH counting all of it. Source: POSIX.1-2017
 * pax(1), "pax Extended Header". Values stay raw bytes as latin1: names are bytes, and `SCHILY.xattr.*` values are
 * binary with NUL and LF inside, which decoding as UTF-8 would destroy. Gives undefined when a record is malformed.
 */
export function parsePax(content: Buffer): Map<string, string> | undefined {
  const records = new Map<string, string>();
  let at = 0;
  while (at < content.length) {
    const space = content.indexOf(0x20, at);
    const digits = space === -1 ? '' : content.toString('latin1', at, space);
    const end = at + Number(digits);
    if (!/^\d{1,10}$/.test(digits) || end > content.length || end <= space + 2 || content[end - 1] !== 0x0a)
      return undefined;
    const equals = content.indexOf(0x3d, space + 1);
    if (equals === -1 || equals >= end) return undefined;
    records.set(content.toString('latin1', space + 1, equals), content.toString('latin1', equals + 1, end - 1));
    at = end;
  }
  return records;
}

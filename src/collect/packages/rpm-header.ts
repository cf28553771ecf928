/** Tags of a package header that are of use (rpmtag.h). */
export const rpmTags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  summary: 1004,
  installTime: 1008,
  arch: 1022,
  modes: 1030,
  digests: 1035,
  links: 1036,
  flags: 1037,
  users: 1039,
  groups: 1040,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  capabilities: 5010,
} as const;

const wanted: ReadonlySet<number> = new Set(Object.values(rpmTags));

/** Values of the wanted tags of one header: strings are latin1. */
export type RpmHeader = Map<number, (string | number)[]>;

/** A header with more is no header: rpm's own limits are 64 Ki entries and 256 MiB. */
const maxEntries = 65_536;
const maxValues = 1_000_000;

/** What the headers of one database may hold together; what is read is taken off. Half a million files take 5 million values. */
export interface HeaderBudget {
  values: number;
  /** Characters of all strings, and of the files' whole paths: a header says each directory once, and a hostile one a long one. */
  characters: number;
}

/** A budget that no real database uses up. */
export function headerBudget(): HeaderBudget {
  return { values: 60_000_000, characters: 1_000_000_000 };
}

/**
 * A header as it stands in the database: number of entries, bytes of data, entries (tag, type, offset, count), data, all
 * big-endian (rpm.org "RPM V4 Package format", header structure, without its magic). Undefined for what is none, and for
 * what is more than the budget.
 */
export function parseRpmHeader(blob: Buffer, budget = headerBudget()): RpmHeader | undefined {
  if (blob.length < 8) return undefined;
  const entries = blob.readUInt32BE(0);
  const start = 8 + entries * 16;
  if (entries > maxEntries || start + blob.readUInt32BE(4) > blob.length) return undefined;
  const data = blob.subarray(start, start + blob.readUInt32BE(4));
  const header: RpmHeader = new Map();
  for (let at = 8; at < start; at += 16) {
    const tag = blob.readUInt32BE(at);
    if (!wanted.has(tag)) continue;
    const count = blob.readUInt32BE(at + 12);
    // The same tag again and again would be read again and again.
    budget.values -= count;
    if (budget.values < 0) return undefined;
    const values = valuesOf(data, blob.readUInt32BE(at + 4), blob.readUInt32BE(at + 8), count);
    if (!values) return undefined;
    for (const value of values) if (typeof value === 'string') budget.characters -= value.length;
    if (budget.characters < 0) return undefined;
    header.set(tag, values);
  }
  const directories = header.get(rpmTags.dirNames) ?? [];
  for (const index of header.get(rpmTags.dirIndexes) ?? [])
    budget.characters -= String(directories[Number(index)] ?? '').length;
  return budget.characters < 0 ? undefined : header;
}

/** Bytes of a number by its type: 2 INT8, 3 INT16, 4 INT32. */
const widths: Readonly<Record<number, number>> = { 2: 1, 3: 2, 4: 4 };

function valuesOf(data: Buffer, type: number, offset: number, count: number): (string | number)[] | undefined {
  if (offset > data.length || count > maxValues) return undefined;
  const width = widths[type];
  if (width) {
    if (offset + width * count > data.length) return undefined;
    return Array.from({ length: count }, (_, i) => data.readUIntBE(offset + i * width, width));
  }
  // 6 STRING, 8 STRING_ARRAY, 9 I18NSTRING: one behind the other, each with its NUL.
  if (type !== 6 && type !== 8 && type !== 9) return [];
  const values: string[] = [];
  for (let at = offset; values.length < count; ) {
    const end = data.indexOf(0, at);
    if (end < 0) return undefined;
    values.push(data.toString('latin1', at, end));
    at = end + 1;
  }
  return values;
}

/** The lines that the `rpm` command prints for the same header: what parseRpm and parseRpmFiles read. */
export function linesOfHeader(header: RpmHeader): { package: string; files: string[] } {
  const one = (tag: number) => flat(header.get(tag)?.[0] ?? '');
  const all = (tag: number) => header.get(tag) ?? [];
  const epoch = header.has(rpmTags.epoch) ? `${one(rpmTags.epoch)}:` : '';
  const name = one(rpmTags.name);
  const version = `${epoch}${one(rpmTags.version)}-${one(rpmTags.release)}`;
  const installed = one(rpmTags.installTime);
  const columns = ['flags', 'digests', 'modes', 'users', 'groups', 'capabilities', 'links'] as const;
  const values = columns.map((column) => all(rpmTags[column]));
  const directories = all(rpmTags.dirNames);
  const indexes = all(rpmTags.dirIndexes);
  const files = all(rpmTags.baseNames).map((base, i) => {
    const fields = values.map((list, column) => {
      const value = list[i] ?? '';
      return columns[column] === 'modes' && typeof value === 'number' ? value.toString(8) : flat(value);
    });
    return [installed, name, ...fields, `${directories[Number(indexes[i] ?? -1)] ?? ''}${base}`].join('\t');
  });
  return { package: [name, version, one(rpmTags.arch), installed, one(rpmTags.summary)].join('\t'), files };
}

/** A value that cannot become a column or a line of its own. */
function flat(value: string | number): string {
  return String(value).replace(/[\t\n]/g, ' ');
}

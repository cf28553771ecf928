/** What a file has beside mode and owner, where it has it. */
export interface Extra {
  /** Hex of system.posix_acl_access and posix_acl_default; see acl.ts. */
  acl?: string;
  defaultAcl?: string;
  /** SELinux label. */
  selinux?: string;
  /** `a` append-only, `i` immutable. */
  flags?: string;
  /** `major:minor`. */
  device?: string;
  /** Number of names that a regular file has, where it has more than one (hard links). */
  links?: string;
  /** Nothing there could say which of them it has, but for the number of names. */
  unread?: true;
}

/** The value of a line of the `files` stream, taken apart. Numbers stay text: they are compared, not added. */
export interface FileValue {
  type: string;
  /** Octal permission bits. */
  mode: string;
  uid: string;
  gid: string;
  /** Bytes; `-` for what is not a regular file. */
  size: string;
  /** Hex; `-` not applicable, `?` unknown. */
  sha256: string;
  /** Hex of security.capability; `-` none, `?` unknown. */
  capabilities: string;
  extra: Extra;
  /** Canonical (escaped) target; empty for what is not a link. */
  link: string;
}

/**
 * `type mode uid gid size sha256 attributes[ link]`. Attributes are `-`, or words joined by `+`: the capability in hex, and
 * those of {@link Extra} as `name=value`, or `?` when they are unknown; the number of names last; collect/files/attributes-question.ts reads them.
 */
export function parseFileValue(value: string): FileValue {
  const parts = value.split(' ', 7);
  const [type = '?', mode = '', uid = '', gid = '', size = '-', sha256 = '-', attributes = '-'] = parts;
  const used = parts.reduce((sum, part) => sum + part.length + 1, 0);
  const link = value.length > used ? value.slice(used) : '';
  const words = attributes === '-' ? [] : attributes.split('+');
  const capabilities = words.find((word) => /^[0-9a-f]+$/.test(word)) ?? (words[0] === '?' ? '?' : '-');
  const extra = words.length === 0 ? none : extraOf(words);
  return { type, mode, uid, gid, size, sha256, capabilities, extra, link };
}

/** What may be seen to differ. */
export type ExtraName = Exclude<keyof Extra, 'unread'>;

const names: Record<string, ExtraName> = {
  acl: 'acl',
  dacl: 'defaultAcl',
  selinux: 'selinux',
  flags: 'flags',
  dev: 'device',
  links: 'links',
};
const none: Extra = Object.freeze({});

function extraOf(words: string[]): Extra {
  const extra: Extra = {};
  for (const word of words) {
    if (word === '?') extra.unread = true;
    const equals = word.indexOf('=');
    const name = names[word.slice(0, Math.max(0, equals))];
    if (name) extra[name] = word.slice(equals + 1);
  }
  return extra;
}

/** Names of the extra attributes in which two files differ. What only one side can know is not compared. */
export function differingExtra(before: Extra, after: Extra): ExtraName[] {
  if (before === after) return [];
  return (['acl', 'defaultAcl', 'flags', 'selinux', 'device', 'links'] as const).filter((name) => {
    const [a, b] = [before[name], after[name]];
    // Fewer names prove nothing: a file of a lower layer that is written to becomes one of its own (overlayfs).
    if (name === 'links') return Number(b ?? 1) > Number(a ?? 1);
    // An image file tells neither the label that its policy will give nor, often, the number of a device.
    if (name === 'selinux' || name === 'device' || before.unread || after.unread)
      return a !== undefined && b !== undefined && a !== b;
    return a !== b;
  });
}

/** Is it known to have capabilities? */
export function hasCapabilities(file: FileValue): boolean {
  return /^[0-9a-f]/.test(file.capabilities);
}

/** Do two files differ in their capabilities, as far as both are known? */
export function differInCapabilities(before: FileValue, after: FileValue): boolean {
  const known = before.capabilities !== '?' && after.capabilities !== '?';
  return known && before.capabilities !== after.capabilities;
}

/** Is the file executable by anybody? */
export function isExecutable(file: FileValue): boolean {
  return file.type === 'f' && (Number.parseInt(file.mode, 8) & 0o111) !== 0;
}

/** Does it run with the rights of its owner or group? */
export function isSetId(file: FileValue): boolean {
  return file.type === 'f' && (Number.parseInt(file.mode, 8) & 0o6000) !== 0;
}

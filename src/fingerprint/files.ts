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
  /** Canonical (escaped) target; empty for what is not a link. */
  link: string;
}

/** `type mode uid gid size sha256 capabilities[ link]`. */
export function parseFileValue(value: string): FileValue {
  const parts = value.split(' ', 7);
  const [type = '?', mode = '', uid = '', gid = '', size = '-', sha256 = '-', capabilities = '-'] = parts;
  const used = parts.reduce((sum, part) => sum + part.length + 1, 0);
  return { type, mode, uid, gid, size, sha256, capabilities, link: value.length > used ? value.slice(used) : '' };
}

/** Is the file executable by anybody? */
export function isExecutable(file: FileValue): boolean {
  return file.type === 'f' && (Number.parseInt(file.mode, 8) & 0o111) !== 0;
}

/** Does it run with the rights of its owner or group? */
export function isSetId(file: FileValue): boolean {
  return file.type === 'f' && (Number.parseInt(file.mode, 8) & 0o6000) !== 0;
}

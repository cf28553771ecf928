import { UserError } from '../../core/errors.ts';

/** PATH_MAX of Linux without its NUL: what is longer cannot be unpacked anywhere. */
const MAX_PATH = 4095;

/**
 * Parts of a path of a layer: `./etc/`, `etc` and `/etc` are the same. No parts: the root.
 * @throws UserError for `..`, a NUL, or a path too long.
 */
export function partsOf(raw: string, what: string): string[] {
  const parts = raw.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new UserError(`${what}: the path ${quote(raw)} leaves the image`);
  if (raw.length > MAX_PATH) throw new UserError(`${what}: a path of ${raw.length} bytes, which no system can unpack`);
  if (raw.includes('\0')) throw new UserError(`${what}: the path ${quote(raw)} has a NUL in it`);
  return parts;
}

/** Raw latin1 name for a message: quoted, at most 200 characters, nothing that a terminal would act on. */
export function quote(raw: string): string {
  return JSON.stringify(raw.slice(0, 200)).replace(/[\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
}

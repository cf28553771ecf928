import type { Stream } from '../../core/facts.ts';

/** A regular file that was seen but not hashed. */
export interface Unhashed {
  key: string;
  /** Bytes; 0 = unknown. */
  size: number;
}

/** What all instances that are as their image share is looked through once. */
const known = new WeakMap<Stream, readonly Unhashed[]>();

/** The regular files of a stream whose digest is unknown. Looks only at lines that hold a question mark. */
export function unhashedIn(stream: Stream | undefined): readonly Unhashed[] {
  if (!stream) return [];
  const before = known.get(stream);
  if (before) return before;
  const found: Unhashed[] = [];
  for (let at = stream.indexOf(' ? '); at >= 0; ) {
    const begin = stream.lastIndexOf(10, at) + 1;
    const end = stream.indexOf(10, at);
    const line = stream.toString('latin1', begin, end < 0 ? stream.length : end);
    const nul = line.indexOf('\0');
    const [type, , , , size, sha256] = line.slice(nul + 1).split(' ', 6);
    if (type === 'f' && sha256 === '?') found.push({ key: line.slice(0, nul), size: Number(size) || 0 });
    at = end < 0 ? -1 : stream.indexOf(' ? ', end);
  }
  known.set(stream, found);
  return found;
}

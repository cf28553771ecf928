import type { SeenFile, StateFact } from '../../src/state/format.ts';
import { formats } from '../../src/state/registry.ts';

/** A regular file as formats see it; no other file exists and no account but root. */
export function seen(path: string, text: string | undefined, more: Partial<SeenFile> = {}): SeenFile {
  return {
    path,
    type: 'f',
    link: '',
    uid: '0',
    sha256: 'a'.repeat(64),
    account: '',
    ...(text === undefined ? {} : { text }),
    nameOf: (uid) => (uid === '0' ? 'root' : undefined),
    textAt: () => undefined,
    ...more,
  };
}

export function factsOf(format: string, path: string, text?: string, more: Partial<SeenFile> = {}): StateFact[] {
  const found = formats[format];
  if (!found) throw new Error(`there is no format ${format}`);
  return found.facts(seen(path, text, more));
}

/** `subject = value` lines. */
export function said(facts: readonly StateFact[]): string[] {
  return facts.map(({ subject, value }) =>
    value.length === 0 ? subject : `${subject} = ${typeof value === 'string' ? value : value.join(' | ')}`,
  );
}

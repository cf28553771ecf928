import { createHash } from 'node:crypto';
import { maskWords } from '../core/mask.ts';
import { maxFacts, type SeenFile, type StateFact } from './format.ts';

/** Comment lines of most formats, and empty ones. */
export const hash = /^\s*(#|$)/;
/** The same where `;` begins a comment too. */
export const hashOrSemicolon = /^\s*([#;]|$)/;

/** Lines that mean something, without blanks around. */
export function lines(text: string | undefined, comment: RegExp = hash): string[] {
  return (text ?? '')
    .split('\n')
    .filter((line) => !comment.test(line))
    .map((line) => line.trim());
}

/** Lines of a format in which a backslash at the end goes on in the next line. */
export function logical(text: string | undefined, comment: RegExp = hash): string[] {
  return lines((text ?? '').replace(/\\\r?\n/g, ' '), comment);
}

/** One blank where there were many. */
export function squeeze(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** What is left of a `#` that begins a word. */
export function beforeComment(line: string): string {
  const at = line.search(/(^|\s)#/);
  return at < 0 ? line : line.slice(0, at).trimEnd();
}

/** Without a pair of quotes around. */
export function unquoted(text: string): string {
  return /^(["'])(.*)\1$/s.exec(text.trim())?.[2] ?? text.trim();
}

/** A text short enough for a subject; what is cut off is still told apart by its digest. */
export function short(text: string, longest = 240): string {
  if (text.length <= longest) return text;
  const digest = createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 12);
  return `${text.slice(0, longest - 20)}... ${digest}`;
}

/** A command line for people: no secrets, not too long. */
export function command(text: string): string {
  return short(maskWords(squeeze(text)));
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The directory of a path. */
export function directory(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** ` of NAME` for a file in somebody's home. */
export function ofAccount(file: SeenFile): string {
  return file.account === '' ? '' : ` of ${file.account}`;
}

/** What stands for a file whose text says nothing to us: its digest, or where it points. */
export function bytesOf(file: SeenFile): string {
  return file.type === 'l' ? `link to ${file.link}` : file.sha256;
}

/** Facts by subject; where a subject comes again, `first`, `last` or `all` of its values count. */
export class Facts {
  readonly #found = new Map<string, StateFact>();
  readonly #wins: 'first' | 'last' | 'all';

  constructor(wins: 'first' | 'last' | 'all' = 'last') {
    this.#wins = wins;
  }

  /** Adds a fact; beyond the limit it is left out. */
  put(fact: StateFact, wins = this.#wins): this {
    const subject = short(fact.subject);
    const old = this.#found.get(subject);
    if (old ? wins === 'first' : this.#found.size >= maxFacts) return this;
    const value = old && wins === 'all' ? [...listed(old.value), ...listed(fact.value)] : fact.value;
    this.#found.set(subject, { ...old, ...fact, subject, value: shortened(value) });
    return this;
  }

  /** All of them, in the order in which they came. */
  list(): StateFact[] {
    return [...this.#found.values()];
  }
}

function shortened(value: string | readonly string[]): string | readonly string[] {
  return typeof value === 'string' ? short(value, 1000) : value.slice(0, 100).map((v) => short(v, 400));
}

function listed(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

/** `[section]`, `key = value` lines: systemd units, repositories, desktop files. */
export function* ini(
  text: string | undefined,
  comment: RegExp = hashOrSemicolon,
): Generator<[section: string, key: string, value: string]> {
  let section = '';
  for (const line of logical(text, comment)) {
    const head = /^\[([^\]]{1,200})\]/.exec(line)?.[1];
    if (head !== undefined) section = head;
    else {
      const at = line.indexOf('=');
      if (at > 0) yield [section, line.slice(0, at).trim(), squeeze(line.slice(at + 1))];
    }
  }
}

import type { Draft } from '../core/draft.ts';
import type { Frame } from './frames.ts';

/** One read-only question to an instance, and the parser of its answer. */
export interface Probe {
  name: string;
  /** What it reads, one sentence, for `probe list`. */
  about: string;
  /** Where it looks, for the documentation. */
  source: string;
  /** The right that it takes; without it, what was not read is a gap. */
  needs: string;
  /** What it costs an ordinary instance. */
  cost: string;
  /** `live` questions are not asked of a directory read offline. */
  asks: 'always' | 'live';
  /**
   * It takes long: it runs beside all others, and its answer is sent as it comes, behind theirs (program.ts). What is to be
   * done before its answer begins: POSIX sh that prints nothing.
   */
  flows?: string;
  /** POSIX sh; may use what collect/prelude.ts defines; prints NUL-terminated records and nothing else. */
  question: string;
  /** Pure; never throws on garbage: what it does not understand becomes a gap of the draft. */
  parse(frame: Frame, draft: Draft): void;
}

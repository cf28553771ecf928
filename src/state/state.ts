import { escapeName, unescapeName } from '../core/bytes.ts';
import type { Fingerprint } from '../core/facts.ts';
import type { FindingKind } from '../core/finding.ts';
import { readStream } from '../fingerprint/stream.ts';
import type { StateFact } from './format.ts';
import { Side } from './side.ts';

/** A fact and where it is stated. */
export interface StatedFact extends StateFact {
  /** Canonical path. */
  path: string;
  /** Name of the format that read it. */
  format: string;
}

/**
 * All facts that an instance's files of configuration state, in the order of their paths; of one kind where `kind` is
 * given. Texts that did not change since the image was made come from the image. For the facts of an image itself, give
 * it as both.
 */
export function* stateOf(image: Fingerprint, live: Fingerprint, kind?: FindingKind): Generator<StatedFact> {
  const side = new Side(live, image);
  for (const [key, value] of readStream(live.files)) {
    if (!value.startsWith('f ') && !value.startsWith('l ')) continue;
    const path = unescapeName(key);
    const found = side.formatOf(path);
    if (!found) continue;
    const seen = side.see(path, found.account, value, side.textOf(path));
    for (const fact of found.format.facts(seen))
      if (kind === undefined || fact.kind === kind)
        yield { ...fact, path: escapeName(path), format: found.format.name };
  }
}

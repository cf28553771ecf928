import { escapeName, unescapeName } from '../core/bytes.ts';
import type { Fingerprint } from '../core/facts.ts';
import { readStream } from '../fingerprint/stream.ts';
import type { StatedFact } from './format.ts';
import { formats } from './registry.ts';
import { Side } from './side.ts';

/**
 * All facts that are in force of those that an instance's files of configuration state, format by format: where several files
 * may say a thing and one counts (sshd_config and its drop-ins, sysctl.d, systemd's), only what that one says. Texts that did not
 * change since the image was made come from the image. For the facts of an image itself, give it as both.
 */
export function stateOf(image: Fingerprint, live: Fingerprint): StatedFact[] {
  const side = new Side(live, image);
  const reading = { has: (path: string) => side.has(path), textOf: (path: string) => side.textOf(path) };
  const byFormat = new Map<string, StatedFact[]>();
  for (const fact of read(side, live)) {
    const known = byFormat.get(fact.format);
    if (known) known.push(fact);
    else byFormat.set(fact.format, [fact]);
  }
  return [...byFormat].flatMap(([name, facts]) => formats[name]?.inForce?.(facts, reading) ?? facts);
}

function* read(side: Side, live: Fingerprint): Generator<StatedFact> {
  for (const [key, value] of readStream(live.files)) {
    if (!value.startsWith('f ') && !value.startsWith('l ')) continue;
    const path = unescapeName(key);
    const found = side.formatOf(path);
    if (!found) continue;
    const seen = side.see(path, found.account, value, side.textOf(path));
    for (const fact of found.format.facts(seen)) yield { ...fact, path: escapeName(path), format: found.format.name };
  }
}

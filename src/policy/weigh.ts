import { compareSeverity } from '../core/finding.ts';
import { type FileValue, hasCapabilities, isExecutable, isSetId } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Weight } from '../schema/policy.ts';
import type { Case, FileDrift } from './case.ts';

/** The first severity entry that fits. */
function weightOf(the: Case, file: FileDrift): Weight | undefined {
  return the.policy.about(file.drift.key).weights.find(({ weight }) => {
    if (weight.changes && !weight.changes.includes(file.drift.change)) return false;
    const now = file.after ?? file.before;
    if (!now) return false;
    if (weight.executable && !isExecutable(now)) return false;
    if (weight.setId && !(file.after ? isSetId(file.after) : file.before ? isSetId(file.before) : false)) return false;
    if (weight.capabilities && !capabilitiesMatter(file)) return false;
    if (weight.open && !isOpened(file)) return false;
    return !weight.packaged || isTampered(the, file);
  })?.weight;
}

/**
 * The first severity entry that fits; also used to tell plain files from grave ones when trees are folded. A name weighs as
 * much as the file that it leads to: whoever may read or run that may do so here.
 */
export function weigh(the: Case, file: FileDrift): Weight | undefined {
  const own = weightOf(the, file);
  if (file.sameAs === undefined || !file.after || !isGuarded(file.after)) return own;
  const other = weightOf(the, { ...file, drift: { ...file.drift, key: file.sameAs } });
  return other && (!own || compareSeverity(other.severity, own.severity) > 0) ? other : own;
}

/** Does it give rights to whoever runs it, or is it closed to some? */
export function isGuarded(file: FileValue): boolean {
  return isSetId(file) || hasCapabilities(file) || (Number.parseInt(file.mode, 8) & 0o004) === 0;
}

/** May anybody write into the directory (and nobody is held by a sticky bit), though the image's could not be? */
function isOpened({ before, after }: FileDrift): boolean {
  const bits = (file: FileValue | undefined) => (file ? Number.parseInt(file.mode, 8) : 0);
  const open = (file: FileValue | undefined) => (bits(file) & 0o1002) === 0o002;
  return after?.type === 'd' && open(after) && !open(before);
}

function capabilitiesMatter({ before, after }: FileDrift): boolean {
  const none = (file: FileValue | undefined) => !file || !hasCapabilities(file);
  return !none(after) || (!none(before) && after !== undefined);
}

/** Content, type or link of a packaged file that is no configuration file differs, though its package is as in the image. */
function isTampered(the: Case, { drift, before, after }: FileDrift): boolean {
  const owner = lookup(the.image.owned, drift.key);
  if (!owner || owner.endsWith(' conffile') || !before || !after) return false;
  return (
    before.type !== after.type ||
    before.link !== after.link ||
    (before.sha256 !== after.sha256 && before.sha256 !== '?' && after.sha256 !== '?')
  );
}

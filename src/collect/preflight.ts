import type { Frame } from './frames.ts';
import type { Probe } from './probe.ts';
import { probes } from './registry.ts';
import { sh } from './sh.ts';

/** What a preflight finds out of an instance's tools and of what may be read there. */
export interface Found {
  /** How files are listed: GNU find with formats, or a plain one. Empty = the instance did not say. */
  find: '' | 'printf' | 'plain';
  /** `openssl`, `sha256sum`, `none`. */
  hasher: string;
  /** What reads extended attributes: `perl`, a python, `none`. */
  attributes: string;
  /** grep that knows NUL records. */
  grepZ: boolean;
  /** Tools that are missing or do not work, without which nothing can be read. */
  lacks: string[];
  /** renice, ionice. */
  polite: string[];
  /** Places of the system looked at, and those of them that may not be read (raw latin1 paths). */
  places: number;
  unreadable: string[];
}

const question = sh`
rec "find $FIND"
rec "hasher $SF_HASH"
rec "attributes $SF_CAPS"
rec "grep-z $GREPZ"
rec "lacks$LACKS"
for t in renice ionice; do have $t && rec "polite $t"; done
# a look at what is usually closed; names only, nothing is opened. Not below /home, /mnt and the like, where a dead mount may be
n=0
for f in "$R"/root "$R"/root/.[!.]* "$R"/boot/* "$R"/etc/* "$R"/etc/*/* "$R"/usr/bin/* "$R"/usr/sbin/* "$R"/var/lib/* "$R"/var/spool/*; do
  [ -e "$f" ] || continue
  n=$((n + 1))
  if [ -d "$f" ]; then [ -r "$f" ] && [ -x "$f" ] && continue; else [ -r "$f" ] && continue; fi
  [ -f "$f" ] || [ -d "$f" ] || continue
  rec "closed $f"
done
rec "places $n"
`;

/** Most names of unreadable places that are kept. */
const namesKept = 1000;

/**
 * The probes of a preflight: its own question, then those of a scan that cost little; the long walk over all files is
 * left out. The preflight's answer goes into `found`.
 */
export function preflightProbes(found: Found = nothingFound()): Probe[] {
  const preflight: Probe = {
    name: 'preflight',
    about: 'tools, and what may be read',
    source: 'the probes of a scan',
    needs: 'as those',
    cost: 'a fraction of a second',
    asks: 'always',
    question,
    parse: (frame) => parsePreflight(frame, found),
  };
  return [preflight, ...Object.values(probes).filter(({ name }) => name !== 'files')];
}

/** Before an answer came. */
export function nothingFound(): Found {
  return { find: '', hasher: '', attributes: '', grepZ: false, lacks: [], polite: [], places: 0, unreadable: [] };
}

/** Pure; what makes no sense is passed over. */
export function parsePreflight(frame: Frame, found: Found): void {
  for (const record of frame.records()) {
    const space = record.indexOf(' ');
    const word = space < 0 ? record : record.slice(0, space);
    const value = space < 0 ? '' : record.slice(space + 1);
    if (word === 'find' && (value === 'printf' || value === 'plain')) found.find = value;
    else if (word === 'hasher') found.hasher = value;
    else if (word === 'attributes') found.attributes = value;
    else if (word === 'grep-z') found.grepZ = value === '1';
    else if (word === 'lacks') found.lacks = value.split(' ').filter(Boolean).slice(0, 20);
    else if (word === 'polite' && found.polite.length < 4) found.polite.push(value);
    else if (word === 'places' && /^\d{1,9}$/.test(value)) found.places = Number(value);
    else if (word === 'closed' && found.unreadable.length < namesKept) found.unreadable.push(value);
  }
}

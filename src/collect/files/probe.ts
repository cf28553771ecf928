import { display } from '../../core/bytes.ts';
import type { Draft } from '../../core/draft.ts';
import type { Probe } from '../probe.ts';
import { askQuestion } from './ask-question.ts';
import type { FileFacts } from './facts.ts';
import { FileAnswer, mostEntries } from './parse.ts';
import { question } from './question.ts';
import { type Unhashed, unhashedIn } from './unhashed.ts';

export const files: Probe = {
  name: 'files',
  about:
    'type, mode, owner, size, sha256, link target, number of names and file capabilities of everything on local disks',
  source: 'every entry of local file systems: `find`, `openssl` or `sha256sum`, `perl` or `python3` for attributes',
  needs: 'closed files and directories: root or CAP_DAC_READ_SEARCH',
  cost: 'the cost of a scan: see depth.md',
  asks: 'always',
  flows: askQuestion,
  question,
  parse(frame, draft) {
    const facts = new FileAnswer(frame.bytes, draft.askedRoot, draft.ask).parse();
    draft.fileLines = facts.lines;
    draft.modified = facts.modified;
    draft.inodes = new Map([...facts.inodes, ...(facts.buckets?.inodes ?? [])]);
    takeBuckets(facts, draft);
    for (const key of facts.changing) draft.changing.add(key);
    if (facts.closed.length > 0) {
      const detail = `${facts.closed.length} directories may not be read by this account (first: ${shown(facts.closed[0])})`;
      draft.gap('files', 'permission', detail, facts.closed);
    }
    sayUnhashed(
      draft,
      [...facts.unhashed.map((key) => ({ key, size: 0 })), ...unhashedIn(draft.fileStream)],
      facts.overBudget,
    );
    if (facts.unread.length > 0) {
      const detail = `capabilities and access control lists of ${facts.unread.length} files were not read to the end (first: ${shown(facts.unread[0])})`;
      draft.gap('files', 'unreadable', detail);
    }
    draft.mounts = facts.mounts;
    if (facts.stale)
      draft.gap('connect', 'garbled', 'the answer was made for another scan: it is an old one that somebody repeats');
    if (facts.tooMany)
      draft.cut('files', 'limit', `the instance lists more than ${mostEntries} entries; the rest was not read`);
    else if (!facts.complete) draft.cut('files', 'cut', 'the walk over the files did not come to its end');
    // What was garbled may have been any file: none of those that were not seen is known to be gone.
    else if (facts.garbled) draft.cut('files', 'garbled', 'part of the answer does not follow the protocol');
  },
};

function takeBuckets({ buckets }: FileFacts, draft: Draft): void {
  if (!buckets) return;
  draft.fileStream = buckets.files;
  draft.sweep = buckets.sweep;
  draft.origins = buckets.origins;
  draft.hashed = buckets.hashed;
  for (const [key, mtime] of draft.ask?.expected?.modified ?? [])
    if (!buckets.sent.has(key)) draft.modified.set(key, mtime);
  for (const [key, mtime] of buckets.modified) if (mtime > draft.since) draft.modified.set(key, mtime);
}

/** Why files have no digest: we were told not to, they are too large, or they could not be read. */
function sayUnhashed(draft: Draft, unhashed: Unhashed[], overBudget: number): void {
  const { depth = 'full', largestFile = 0, mostBytes = 0 } = draft.ask ?? {};
  const tooLarge = unhashed.filter((file) => largestFile > 0 && file.size > largestFile);
  if (tooLarge.length > 0) {
    const limit = `${tooLarge.length} files are larger than ${largestFile} bytes and were not hashed`;
    const detail = `${limit} (first: ${shown(tooLarge[0]?.key)}); --max-file-size sets the limit`;
    draft.gap('files', 'limit', detail, keys(tooLarge));
  }
  const others = unhashed.filter((file) => !tooLarge.includes(file));
  if (others.length === 0 || draft.gaps.some((g) => g.reason === 'tool-missing' && g.probe === 'files')) return;
  if (depth === 'metadata') {
    draft.gap('files', 'limit', `the contents of ${others.length} files were not compared (--depth metadata)`);
    return;
  }
  if (overBudget > 0) {
    const detail = `${overBudget} files were not hashed: the budget of ${mostBytes} bytes ran out (--max-hashed sets it)`;
    draft.gap('files', 'limit', detail, keys(others));
    return;
  }
  const detail = `${others.length} files could not be read (first: ${shown(others[0]?.key)})`;
  draft.gap('files', draft.os.uid === 0 ? 'unreadable' : 'permission', detail, keys(others));
}

const keys = (files: Unhashed[]): string[] => files.map((file) => file.key);

function shown(key: string | undefined): string {
  return display(key ?? '').text;
}

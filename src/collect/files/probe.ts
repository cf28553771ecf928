import { display } from '../../core/bytes.ts';
import type { Probe } from '../probe.ts';
import { FileAnswer } from './parse.ts';
import { question } from './question.ts';

export const files: Probe = {
  name: 'files',
  about: 'type, mode, owner, size, sha256, link target and file capabilities of everything on local disks',
  asks: 'always',
  question,
  parse(frame, draft) {
    const facts = new FileAnswer(frame.bytes, draft.askedRoot).parse();
    draft.fileLines = facts.lines;
    draft.modified = facts.modified;
    if (facts.closed.length > 0) {
      const detail = `${facts.closed.length} directories may not be read by this account (first: ${shown(facts.closed[0])})`;
      draft.gap('files', 'permission', detail, facts.closed);
    }
    if (facts.unhashed.length > 0 && !draft.gaps.some((g) => g.reason === 'tool-missing' && g.probe === 'files')) {
      const detail = `${facts.unhashed.length} files could not be read (first: ${shown(facts.unhashed[0])})`;
      draft.gap('files', draft.os.uid === 0 ? 'unreadable' : 'permission', detail, facts.unhashed);
    }
    draft.mounts = facts.mounts;
    if (!facts.complete) draft.cut('files', 'cut', 'the walk over the files did not come to its end');
    else if (facts.garbled) draft.gap('files', 'garbled', 'part of the answer does not follow the protocol');
  },
};

function shown(key: string | undefined): string {
  return display(key ?? '').text;
}

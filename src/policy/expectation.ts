import { differingExtra, type FileValue, hasCapabilities, isExecutable, isSetId } from '../fingerprint/files.ts';
import type { ExpectRule } from '../schema/policy.ts';
import { type NameServers, strangeServer } from './name-servers.ts';

/** What an expectation is tested on. Contents are raw latin1 text; undefined = not known. */
export interface FileSight {
  change: 'added' | 'removed' | 'changed';
  before?: FileValue;
  after?: FileValue;
  oldContent?: string;
  newContent?: string;
  launchKeys: readonly string[];
  /** Texts, or accounts, were not read as a whole: what a rule asks of them is neither kept nor broken. A gap says so. */
  unread?: { texts: boolean; accounts: boolean };
  /** Numeric id of a user or group by the instance's own files; undefined when there is none of that name. */
  idOf?: (kind: 'user' | 'group', name: string) => string | undefined;
  /** Absent = nothing is known of them. */
  nameServers?: NameServers;
  /** File of the image that it is another name of. */
  sameAs?: string;
}

const extraWords = {
  acl: 'an access control list',
  defaultAcl: 'a default access control list',
  flags: 'an immutable or append-only flag',
  selinux: 'a SELinux label',
  device: 'another device number',
  links: 'more names (hard links) than in the image',
} as const;

/** What is not as the rule says it must be, in words; undefined when all is. */
export function misfit(
  rule: ExpectRule,
  sight: FileSight,
  matches: (subject: { path: string }) => boolean = () => false,
): string | undefined {
  if (!rule.changes.includes(sight.change)) return `it was ${sight.change}, allowed is ${rule.changes.join(' or ')}`;
  const { only } = rule;
  const after = sight.after;
  if (!after) return undefined;
  if (hasCapabilities(after) && after.capabilities !== sight.before?.capabilities) return 'it has file capabilities';
  // Who may write the state of a service may not make it a second name of a file elsewhere.
  if (sight.sameAs !== undefined && !matches({ path: sight.sameAs })) return `it is another name of ${sight.sameAs}`;
  const more = differingExtra(sight.before?.extra ?? {}, after.extra).filter(
    (name) => name !== 'selinux' && (name !== 'links' || sight.before !== undefined),
  );
  if (more.length > 0 && sight.change !== 'removed') return `it has ${more.map((name) => extraWords[name]).join(', ')}`;
  // A rule that says nothing of modes was written for data: whatever can be run is not what it meant.
  if (!only?.modes && !only?.attributes && after.size !== '0' && (isExecutable(after) || isSetId(after)))
    return 'it can be executed';
  if (!only) return undefined;
  const strange = only.launchKeys ? strangeKeys(sight) : undefined;
  if (strange !== undefined) return strange;
  if (only.type && after.type !== only.type) return `its type is ${after.type}, allowed is ${only.type}`;
  if (only.modes && !only.modes.some((mode) => Number.parseInt(mode, 8) === Number.parseInt(after.mode, 8))) {
    return `its mode is ${after.mode}, allowed is ${only.modes.join(' or ')}`;
  }
  const owner = `${after.uid}:${after.gid}`;
  const nameless = sight.unread?.accounts && only.owners?.some((one) => /[^0-9:]/.test(numeric(one, sight)));
  if (only.owners && !nameless && !only.owners.some((one) => numeric(one, sight) === owner))
    return `its owner is ${owner}, allowed is ${only.owners.join(' or ')}`;
  if (only.maxSize !== undefined && Number(after.size) > only.maxSize)
    return `its size is ${after.size} bytes, allowed is ${only.maxSize}`;
  if (only.link !== undefined && !whole(only.link).test(after.link)) return `it points to ${after.link}`;
  if (
    only.attributes &&
    (after.mode !== sight.before?.mode || after.uid !== sight.before?.uid || after.gid !== sight.before?.gid)
  ) {
    return 'more than its content differs';
  }
  return misfitOfContent(only, sight);
}

/** `0:999` of `root:ssh_keys`. A name that nobody has stays a name, and equals no number. */
function numeric(owner: string, { idOf }: FileSight): string {
  const [user = '', group = ''] = owner.split(':');
  const id = (kind: 'user' | 'group', name: string) => (/^[0-9]/.test(name) ? name : (idOf?.(kind, name) ?? name));
  return `${id('user', user)}:${id('group', group)}`;
}

function misfitOfContent(only: NonNullable<ExpectRule['only']>, sight: FileSight): string | undefined {
  if (only.content === undefined && only.lines === undefined && !only.launchKeys && !only.nameServers) return undefined;
  const text = sight.after?.size === '0' ? '' : sight.newContent;
  // A file that differs and whose text we do not have cannot be shown to be as expected.
  if (text === undefined) return sight.unread?.texts ? undefined : 'its content could not be read';
  if (only.content !== undefined && !whole(only.content).test(text)) return 'its content is not of the expected form';
  if (only.lines !== undefined) {
    const odd = oddLine(only.lines, sight.oldContent ?? '', text);
    if (odd !== undefined) return `a line that is not expected was added or removed: ${odd.trim().slice(0, 80)}`;
  }
  if (only.nameServers) return strangeServer(text, sight.nameServers ?? { atStart: false });
  return undefined;
}

/** Keys that the platform did not give; undefined when there are none, or the text is not known. */
function strangeKeys(sight: FileSight): string | undefined {
  const text = sight.after?.size === '0' ? '' : (sight.newContent ?? '');
  // Every key in a line, because a known one may stand in the comment or in an option of a strange one.
  const strange = keyLines(text).filter((line) => {
    const keys = line.match(/AAAA[A-Za-z0-9+/]*={0,2}/g) ?? [];
    return keys.length === 0 || keys.some((key) => !sight.launchKeys.includes(key));
  });
  if (strange.length === 0) return undefined;
  return `it holds ${strange.length} public ${strange.length === 1 ? 'key' : 'keys'} that the platform did not give it at launch`;
}

/** Is this line of the form that the rule expects of lines that come and go? */
export function expectedLine(rule: ExpectRule, line: string, servers: NameServers): boolean {
  const { lines, nameServers } = rule.only ?? {};
  if (nameServers && strangeServer(line, servers) !== undefined) return false;
  return lines !== undefined && whole(lines).test(line);
}

/** The first line that is only in one of two texts and does not match. Order and repetition do not count. */
export function oddLine(pattern: string, before: string, after: string): string | undefined {
  const expected = whole(pattern);
  const old = new Set(before.split('\n'));
  const now = new Set(after.split('\n'));
  const moved = [...[...now].filter((l) => !old.has(l)), ...[...old].filter((l) => !now.has(l))];
  return moved.find((line) => line !== '' && !expected.test(line));
}

/** The text without the lines that it owes to the launch: keys of the platform that the image did not have. */
export function withoutLaunchKeys({ oldContent = '', newContent, launchKeys }: FileSight): string | undefined {
  if (newContent === undefined || launchKeys.length === 0) return newContent;
  const old = new Set(oldContent.split('\n'));
  const isLaunched = (line: string) => {
    const keys = keyLines(line).flatMap((one) => one.match(/AAAA[A-Za-z0-9+/]*={0,2}/g) ?? []);
    return keys.length > 0 && !old.has(line) && keys.every((key) => launchKeys.includes(key));
  };
  return newContent
    .split('\n')
    .filter((line) => !isLaunched(line))
    .join('\n');
}

function keyLines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
}

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

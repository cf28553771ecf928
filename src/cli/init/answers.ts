import { isAbsolute, resolve } from 'node:path';
import { hostsOf } from '../../app/aliases.ts';
import { UserError } from '../../core/errors.ts';
import { uriOf } from '../../inventory/uri/inventory.ts';
import { mistakeOfCron } from '../../schedule/timetable.ts';

/** Flags of `init` as commander gives them. */
export interface InitFlags {
  host: string[];
  group?: string;
  user?: string;
  sudo?: boolean;
  identity: string[];
  image?: string;
  source?: string;
  reports?: string;
  schedule?: string;
  notify: string[];
}

/** What `init` wants to know, answered and proved. */
export interface Answers {
  hosts: string[];
  group: string;
  user?: string;
  sudo: boolean;
  identityFiles: string[];
  image: string;
  /** As for `manifest create`; absent: later. */
  source?: string;
  reports: string;
  job?: { name: string; cron: string; zone: string };
  sinks: Record<string, Record<string, string>>;
}

/** Words for schedules that people mean; the minute is not 0, where everybody's jobs begin. */
const named: Readonly<Record<string, string>> = { nightly: '17 3 * * *', hourly: '17 * * * *', weekly: '17 3 * * 0' };

/** What a sink that one value describes is made of; `@` is that value. The others are in docs/notify.md. */
const simple: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  slack: { kind: 'slack', url: '@' },
  pagerduty: { kind: 'pagerduty', routingKey: '@' },
  alertmanager: { kind: 'alertmanager', url: '@' },
  syslog: { kind: 'syslog', host: '@' },
  file: { kind: 'file', path: '@' },
};

const byReference = ['slack', 'pagerduty'];

/** Readers of single answers: of a flag, or of what was typed. Each throws a UserError that says what is allowed. */
export const read = {
  /** Words apart by spaces or commas. */
  async hosts(text: string): Promise<string[]> {
    const words = text.split(/[\s,]+/).filter(Boolean);
    if (words.length === 0) throw new UserError('no server is named', 'name at least one: web-1, ssh://root@10.0.0.5');
    const hosts = (await Promise.all(words.map(hostsOf))).flat();
    for (const host of hosts) uriOf(host);
    const twice = hosts.find((host, i) => hosts.indexOf(host) !== i);
    if (twice) throw new UserError(`"${twice}" is named twice`, 'name each server once');
    return hosts;
  },
  group: (text: string): string =>
    word(text, /^[A-Za-z0-9][\w.-]{0,62}$/, 'the group', 'letters, digits, and _ . - after the first'),
  user: (text: string): string | undefined =>
    text === '' ? undefined : word(text, /^[^\s@:/]+$/, 'the user', 'one word without @ : and /'),
  image: (text: string): string =>
    word(text, /^[^\s]+$/, 'the image', 'one word, as NAME:VERSION, an AMI or a digest: web:42, ami-0abc'),
  source: (text: string): string | undefined => {
    if (text === '' || text === 'later') return undefined;
    if (/^(rootfs|docker-archive|oci|oci-layout|docker-image):./.test(text)) return text;
    return uriOf(text);
  },
  reports: (text: string): string => word(text, /./, 'the directory of reports', 'a path'),
  schedule(text: string): Answers['job'] {
    if (text === '' || text === 'none') return undefined;
    const known = Object.hasOwn(named, text) ? named[text] : undefined;
    const mistake = mistakeOfCron(known ?? text);
    if (mistake !== undefined)
      throw new UserError(
        `the schedule "${text}" ${mistake}`,
        `it must be ${Object.keys(named).join(', ')}, none, or five fields of cron: "30 4 * * 1-5"`,
      );
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return { name: known === undefined ? 'scan' : text, cron: known ?? text, zone };
  },
  sink(text: string): [string, Record<string, string>] {
    const [kind = '', ...rest] = text.split('=');
    const value = rest.join('=');
    const settings = Object.hasOwn(simple, kind) ? simple[kind] : undefined;
    const forms =
      'slack=env:NAME, pagerduty=file:PATH, alertmanager=URL, syslog=HOST or file=PATH; others: docs/notify.md';
    // Not repeated: it may be a secret.
    if (!settings || value === '')
      throw new UserError(`--notify ${settings ? kind : 'has no such form'} is not whole`, forms);
    if (byReference.includes(kind) && !/^(env|file):./.test(value))
      throw new UserError(`--notify ${kind} is a secret and not given by reference`, 'write env:NAME or file:PATH');
    if (kind === 'alertmanager' && !/^https?:\/\//.test(value))
      throw new UserError(`--notify alertmanager is "${value}"`, 'write its address: http://127.0.0.1:9093');
    return [kind, Object.fromEntries(Object.entries(settings).map(([key, to]) => [key, to === '@' ? value : to]))];
  },
};

function word(text: string, form: RegExp, what: string, allowed: string): string {
  if (form.test(text)) return text;
  throw new UserError(`${what} is "${text}"`, `it must be ${allowed}`);
}

/** Answers from flags alone; what is not said is as a person who only presses Enter would have it. @throws UserError */
export async function answersOf(flags: InitFlags): Promise<Answers> {
  const group = read.group(flags.group ?? usual.group);
  const user = read.user(flags.user ?? '');
  const source = read.source(flags.source ?? '');
  const job = read.schedule(flags.schedule ?? '');
  const sinks = flags.notify.map(read.sink);
  const twice = sinks.find(([name], i) => sinks.findIndex(([other]) => other === name) !== i);
  if (twice) throw new UserError(`--notify ${twice[0]} is given twice`, 'add the second to the fleet file by hand');
  return {
    hosts: await read.hosts(flags.host.join(' ')),
    group,
    ...(user === undefined ? {} : { user }),
    sudo: flags.sudo ?? usual.sudo(user),
    identityFiles: flags.identity.map((path) => (path.startsWith('~/') || isAbsolute(path) ? path : resolve(path))),
    image: read.image(flags.image ?? usual.image(group)),
    ...(source === undefined ? {} : { source }),
    reports: read.reports(flags.reports ?? usual.reports),
    ...(job === undefined ? {} : { job }),
    sinks: Object.fromEntries(sinks),
  };
}

/** What holds when nothing else is said. */
export const usual = {
  group: 'servers',
  /** Whoever is not root reads little without it. */
  sudo: (user: string | undefined): boolean => user !== undefined && user !== 'root',
  image: (group: string): string => `${group}:1`,
  reports: 'reports',
};

import type {
  AllowRule,
  DenyRule,
  ExpectRule,
  LimitRule,
  Policy,
  RequireRule,
  Rule,
  Waiver,
  Weight,
} from '../schema/policy.ts';
import { globs, type Matches } from './glob.ts';

/** What a rule's selectors are tested against. */
export interface Subject {
  path?: string;
  /** Package name, `user NAME` or `group NAME`. */
  name?: string;
  executable?: string;
  protocol?: string;
  address?: string;
  port?: number;
  /** Name and numeric id of the account that runs it. */
  users?: string[];
}

export interface Compiled<R extends Rule> {
  rule: R;
  matches(subject: Subject): boolean;
}

export interface CompiledWeight {
  weight: Weight;
  path: Matches;
}

export interface CompiledWaiver {
  waiver: Waiver;
  /** Milliseconds since the epoch. */
  starts: number;
  expires: number;
  instance: Matches;
  image: Matches;
  subject: Matches;
}

/** A policy ready to judge one instance: rules that do not concern it are left out. */
export interface CompiledPolicy {
  expect: Compiled<ExpectRule>[];
  allow: Compiled<AllowRule>[];
  deny: Compiled<DenyRule>[];
  require: Compiled<RequireRule>[];
  limit: Compiled<LimitRule>[];
  weights: CompiledWeight[];
  waivers: CompiledWaiver[];
  /** What of it is about a file, by path. Instances of one image differ in the same places, so it is remembered. */
  about(path: string): AboutFile;
}

/** Rules whose path fits, in their order. */
export interface AboutFile {
  expect: Compiled<ExpectRule>[];
  allow: Compiled<AllowRule>[];
  weights: CompiledWeight[];
}

/** Paths that are remembered; a hostile instance can name millions. */
const mostPaths = 50_000;

function aboutFiles(policy: Pick<CompiledPolicy, keyof AboutFile>): CompiledPolicy['about'] {
  const known = new Map<string, AboutFile>();
  return (path) => {
    const before = known.get(path);
    if (before) return before;
    const fits = ({ rule, matches }: Compiled<ExpectRule | AllowRule>) => rule.fact === 'file' && matches({ path });
    const about = {
      expect: policy.expect.filter(fits),
      allow: policy.allow.filter(fits),
      weights: policy.weights.filter(({ weight, path: matches }) => !weight.paths || matches(path)),
    };
    if (known.size >= mostPaths) known.clear();
    known.set(path, about);
    return about;
  };
}

/** What decides whether a rule concerns an instance. */
export interface Concern {
  os: string[];
  image: string;
  group: string;
}

/** Puts policies together, in order: an earlier rule wins over a later one. */
export function compilePolicy(policies: Policy[], concern: Concern): CompiledPolicy {
  const compiled: CompiledPolicy = {
    expect: [],
    allow: [],
    deny: [],
    require: [],
    limit: [],
    weights: [],
    waivers: [],
    about: (path) => about(path),
  };
  const about = aboutFiles(compiled);
  for (const policy of policies) {
    for (const rule of policy.rules ?? []) {
      if (!concerns(rule, concern)) continue;
      if (rule.kind === 'expect') compiled.expect.push(compileRule(rule));
      else if (rule.kind === 'allow') compiled.allow.push(compileRule(rule));
      else if (rule.kind === 'deny') compiled.deny.push(compileRule(rule));
      else if (rule.kind === 'require') compiled.require.push(compileRule(rule));
      else compiled.limit.push(compileRule(rule));
    }
    for (const weight of policy.severities ?? []) compiled.weights.push({ weight, path: globs(weight.paths) });
    for (const waiver of policy.waivers ?? []) {
      compiled.waivers.push({
        waiver,
        starts: waiver.starts === undefined ? 0 : Date.parse(waiver.starts),
        expires: Date.parse(waiver.expires),
        instance: globs(waiver.instances),
        image: globs(waiver.images),
        subject: globs(waiver.subjects),
      });
    }
  }
  return compiled;
}

/** `os`, `images` and `groups` of a rule against an instance. */
export function concerns(rule: Rule, concern: Concern): boolean {
  if (rule.os && !rule.os.some((os) => concern.os.includes(os))) return false;
  if (rule.images && !globs(rule.images)(concern.image)) return false;
  return !rule.groups || rule.groups.includes(concern.group);
}

/** Selectors of one rule. A selector that the rule has and the subject lacks does not match. */
export function compileRule<R extends Rule>(rule: R): Compiled<R> {
  const has = rule as {
    paths?: string[];
    names?: string[];
    executables?: string[];
    addresses?: string[];
    protocols?: string[];
    ports?: number[];
    users?: string[];
  };
  const path = globs(has.paths);
  const name = globs(has.names, true);
  const executable = globs(has.executables);
  const address = globs(has.addresses);
  return {
    rule,
    matches: (subject) =>
      (!has.paths || (subject.path !== undefined && path(subject.path))) &&
      (!has.names || (subject.name !== undefined && name(subject.name))) &&
      (!has.executables || (subject.executable !== undefined && executable(subject.executable))) &&
      (!has.addresses || (subject.address !== undefined && address(subject.address))) &&
      (!has.protocols || has.protocols.includes(subject.protocol ?? '')) &&
      (!has.users || (subject.users ?? []).some((user) => has.users?.includes(user))) &&
      (!has.ports || has.ports.includes(subject.port ?? -1)),
  };
}

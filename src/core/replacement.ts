import type { Verdict } from './finding.ts';

/** An instance that is to be replaced, as a driver sees it. No secret, nothing that the instance said without being asked twice. */
export interface Target {
  /** Id in reports. */
  instance: string;
  uri: string;
  name: string;
  group: string;
  labels: Readonly<Record<string, string>>;
  /** Cloud instance id or machine id that the scan saw: this one must be gone afterwards. Empty where it has none. */
  identity: string;
  /** What the new one is to be launched from. */
  image: { ref: string; digest?: string };
}

declare const permitted: unique symbol;

/**
 * Leave to replace one instance. Only the guard makes it (replace/guard/permit.ts), and a driver begins nothing without
 * one: the compiler sees to it that nobody goes round the guard.
 */
export interface Permit {
  readonly target: Target;
  /** The same for every attempt at this replacement, and for no other: `sf-` and 32 hex digits. */
  readonly key: string;
  readonly [permitted]: true;
}

/** The new instance, as the driver knows it. */
export interface Successor {
  /** Where it is reached; the old URI where it keeps that. */
  uri: string;
  /** The provider's own id. */
  id?: string;
  /** Its public host keys (OpenSSH lines or fingerprints), where the provider tells them. */
  hostKeys?: string[];
  /**
   * It keeps the identity of the old one (a root volume that was replaced under it), and the provider vouches that the old disk is
   * gone: a look at it may find the same identity.
   */
  sameIdentity?: boolean;
}

/** How far a replacement has come on the provider's side. */
export type Progress =
  /** `detail` is for people: what is waited for. */
  | { state: 'running'; detail: string }
  /** It is there and in service, as far as the provider knows. */
  | { state: 'done'; detail: string; successor: Successor }
  /** It will not come. */
  | { state: 'failed'; detail: string };

/** What is planned for one instance, without anybody having been asked. */
export type DriverPlan =
  | {
      /** The exact calls, for people, in order. */
      calls: string[];
      /** The provider replaces all instances of the group, not only this one: the guard counts them all. */
      wholeGroup?: boolean;
    }
  | { refused: string };

/** What a driver gets beside its settings. */
export interface DriverContext {
  signal: AbortSignal;
  env: Readonly<Record<string, string | undefined>>;
  /** Value of a reference (`env:NAME`, `file:PATH`). @throws ReachError */
  secret(reference: string): Promise<string>;
}

/** An open way to a provider. Its calls throw a `ReplaceError`. */
export interface DriverSession {
  /**
   * Begins the replacement and gives a token by which it is followed; a few hundred characters, without secrets. Asked again
   * with the same permit it begins nothing twice: it finds what was begun, done or half done.
   */
  start(permit: Permit): Promise<string>;
  /** How far it has come. Changes nothing, and may be asked by another process than the one that began. */
  poll(token: string, permit: Permit): Promise<Progress>;
  /**
   * Ends the old instance, after a look has found the new one clean; only where it was left until then, so that there is something
   * to go back to. Asked again it does nothing more.
   */
  readonly retire?: ((permit: Permit, token: string) => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** Something that can replace instances. */
export interface Driver {
  name: string;
  /** One sentence for people: what it does. */
  about: string;
  /** JSON Schema of its settings in the configuration (`replace.drivers.NAME`, overlaid by the group's). */
  settings: object;
  /** Pure; contacts nobody. */
  plan(target: Target, settings: Settings): DriverPlan;
  open(settings: Settings, context: DriverContext): Promise<DriverSession>;
}

/** Settings of a driver that its schema has accepted. */
export type Settings = Readonly<Record<string, unknown>>;

/** A replacement could not be begun or followed. */
export class ReplaceError extends Error {
  /** Worth another try: throttled, busy, a connection that broke. */
  readonly transient: boolean;
  readonly hint: string;
  constructor(message: string, more: { transient?: boolean; hint?: string; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = 'ReplaceError';
    this.transient = more.transient ?? false;
    this.hint = more.hint ?? '';
  }
}

/** One instance of a plan. */
export interface PlanItem extends Target {
  /** From 1, in the order in which they are begun. */
  order: number;
  driver: string;
  /** Why, in one sentence: the recommendation's reason. */
  reason: string;
  verdict: Verdict;
  score: number;
  /** Evidence is kept before anything else is done. */
  evidence: boolean;
  zone?: string;
  /** Its driver replaces all instances of its group. */
  wholeGroup?: boolean;
  /** What the driver would call. */
  calls: string[];
  /** What is checked afterwards. */
  checks: string[];
}

/** Why something is not done, with the numbers. */
export interface Refusal {
  /** Name of the limit in the configuration: `guard.maxCount`. */
  limit: string;
  /** The group that it is about; absent for the whole plan. */
  group?: string;
  says: string;
}

/** A plan of replacements, `snowfence.plan/v1`: what would be done, to whom, in which order, and what is refused. */
export interface ReplacePlan {
  schema: 'snowfence.plan/v1';
  /** `sha256:hex` over everything else in it. */
  digest: string;
  createdAt: string;
  /** The scan that it rests on. */
  scan: { id: string; finishedAt: string };
  /** `sha256:hex` of the configuration's section `replace`: another one needs another plan. */
  config: string;
  items: PlanItem[];
  /** Drifted instances that are left alone, each with the reason. */
  left: { instance: string; why: string }[];
  /** Limits that it is over. With one of them nothing of the plan is done. */
  refusals: Refusal[];
}

/** The steps of one replacement, in their order. */
export const steps = ['evidence', 'drain', 'start', 'up', 'verify', 'retire', 'after'] as const;
export type Step = (typeof steps)[number];

/** How a run or one of its items stands. `stopped` runs leave the rest alone; `unknown` items died in the middle. */
export type RunState = 'running' | 'done' | 'failed' | 'stopped' | 'aborted';

/** One line of the journal: written before a step (`begun`) and after it. */
export interface JournalRow {
  /** From 1, in the order of writing. */
  row: number;
  run: string;
  instance: string;
  step: Step;
  state: 'begun' | 'done' | 'failed';
  at: string;
  /** What the step gave, or why it failed. JSON values. */
  data: Readonly<Record<string, unknown>>;
}

/** One execution of a plan. */
export interface RunRow {
  id: string;
  planDigest: string;
  startedAt: string;
  finishedAt?: string;
  state: RunState;
  /** Why it ended as it did; empty while it runs. */
  says: string;
}

/** The memory of replacements. Every call is durable when it returns. All times RFC 3339 UTC. */
export interface Journal {
  /**
   * Remembers a run before its first step and locks its groups. `alive` says whether the process that holds a lock, named as it
   * named itself, still lives.
   * @throws UserError naming the run that holds one of the groups.
   */
  begin(run: RunRow, plan: ReplacePlan, holder: string, alive: (holder: string) => boolean): void;
  /** Takes a run over whose holder has died. @throws UserError when the holder lives, or the run has ended. */
  takeOver(id: string, holder: string, alive: (holder: string) => boolean): void;
  write(row: Omit<JournalRow, 'row'>): void;
  /**
   * Gives a run up: nothing more of it is begun. A process that works on it finishes what it has begun, and ends it; where there
   * is none it is ended here. @throws UserError when there is no such run, or it has ended.
   */
  abort(id: string, says: string, at: string, alive: (holder: string) => boolean): void;
  /** Ends a run and lets its groups go. One that was aborted from outside stays so. */
  end(id: string, state: Exclude<RunState, 'running'>, says: string, at: string): void;
  /** By id, unique prefix or `last`. */
  find(id: string): { run: RunRow; plan: ReplacePlan; rows: JournalRow[] } | undefined;
  list(limit: number): RunRow[];
  /** When a replacement in a group last began; undefined = never. */
  lastStarted(group: string): string | undefined;
  /** Remembers that a new instance of an image verified clean. */
  verified(group: string, image: Target['image'], at: string): void;
  /** Images whose instances verified clean in a group, newest first. */
  verifiedImages(group: string): { ref: string; digest?: string; at: string }[];
}

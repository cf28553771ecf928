import type { Change, FindingKind, Severity, Verdict } from './finding.ts';

/** What may happen to a thing that is told: it came, it grew worse, it went. */
export const transitionKinds = ['new', 'worse', 'resolved'] as const;
export type TransitionKind = (typeof transitionKinds)[number];

/** Why a thing is gone: no longer seen, excused by a waiver, expected by a policy, or its instance was replaced. */
export type ResolvedBy = 'gone' | 'waiver' | 'expected' | 'replacement';

/** An instance as a notification names it. All texts printable. */
export interface NotifiedInstance {
  id: string;
  uri: string;
  name: string;
  group: string;
  labels: Readonly<Record<string, string>>;
  image: string;
  verdict: Verdict;
  /** What is advised: keep, replace, rebake or investigate. */
  action: string;
}

/** One change between two looks at an instance. Never a state: the same look twice has none. */
export interface Transition {
  kind: TransitionKind;
  /**
   * `finding`; `reading`: it can no longer be read, or can again; `verdict`: worse, though no finding came; `first`: all that the first
   * look at an instance found, in one; `replacement`: it failed.
   */
  about: 'finding' | 'reading' | 'verdict' | 'first' | 'replacement';
  /** The same for all transitions of one thing: what alert systems know an alert by. At most 200 characters. */
  key: string;
  severity: Severity;
  /** Of `worse`: the severity that was told before. */
  was?: Severity;
  by?: ResolvedBy;
  /** Its beginning was told only in the summary of a first look: nobody keeps an alert of it. */
  summed?: true;
  /** What it is, one printable line without the instance. */
  title: string;
  reason: string;
  instance: NotifiedInstance;
  /** Verdicts before and now: a route for snowflakes hears also that one is none any more. */
  verdicts: readonly Verdict[];
  finding?: { id: string; kind: FindingKind; change: Change; subject: string; rule: string; tamper: boolean };
  /** When it was first seen, RFC 3339 UTC. */
  since: string;
}

/** Transitions of one thing on several instances. */
export interface NotificationItem extends Omit<Transition, 'instance' | 'key' | 'verdicts' | 'finding'> {
  finding?: Omit<NonNullable<Transition['finding']>, 'id'>;
  /** Those of them that are named, by which key, and the id of the finding there. */
  instances: (NotifiedInstance & { key: string; finding?: string })[];
  /** How many instances share it, of how many of the same image in the scan. */
  seen: number;
  of: number;
}

/** What a sink gets: `snowfence.notification/v1`. Additive changes only within v1. */
export interface Notification {
  schema: 'snowfence.notification/v1';
  /** The same for every attempt, and for no other message: who gets it twice can tell. */
  id: string;
  /** `test` messages say nothing about any instance. */
  kind: 'transitions' | 'test';
  /** RFC 3339 UTC. */
  at: string;
  scan: { id: string; startedAt: string; finishedAt: string; instances: number };
  counts: Record<TransitionKind, number>;
  /** Most severe first. */
  items: NotificationItem[];
  /** Items that are not shown. */
  more: number;
  /** One for each instance, for sinks that keep alerts. The end of one that began is never left out. */
  alerts?: Transition[];
}

/** Settings of a sink in the fleet file, proved against its `settings`. */
export type SinkSettings = Readonly<Record<string, unknown>>;

/** What a sink gets beside its settings. */
export interface SinkContext {
  signal: AbortSignal;
  env: Readonly<Record<string, string | undefined>>;
  /** Value of a reference (`env:NAME`, `file:PATH`). @throws ReachError */
  secret(reference: string): Promise<string>;
  /** How much of this message an earlier attempt delivered; 0 at first. */
  delivered: number;
  version: string;
}

/** Somewhere to send notifications. */
export interface Sink {
  name: string;
  /** One sentence for people. */
  about: string;
  /** JSON Schema of its settings, without `kind`. */
  settings: object;
  /** Most items, and instances named in one, of a message. */
  shape: { items: number; instances: number; alerts?: number };
  /** Delivers, or throws a `DeliveryError`; a sentence when something is to be said of a delivery. */
  send(message: Notification, settings: SinkSettings, context: SinkContext): Promise<string | undefined>;
}

/** A notification was not delivered. */
export class DeliveryError extends Error {
  /** Worth another try. */
  readonly transient: boolean;
  /** The receiver asks to wait so long. */
  readonly retryAfterMs: number;
  /** So much of the message arrived, where it has parts. */
  readonly delivered: number;
  constructor(
    message: string,
    more: { transient?: boolean; retryAfterMs?: number; delivered?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'DeliveryError';
    this.transient = more.transient ?? false;
    this.retryAfterMs = more.retryAfterMs ?? 0;
    this.delivered = more.delivered ?? 0;
  }
}

/** A message on its way. */
export interface OutboxRow {
  row: number;
  /** The fleet file whose sinks are meant. */
  fleet: string;
  sink: string;
  /** JSON. */
  payload: string;
  madeAt: string;
  /** Attempts, this one included. */
  tries: number;
  delivered: number;
}

/** How a sink of a fleet file stands. */
export interface OutboxStatus {
  fleet: string;
  sink: string;
  waiting: number;
  dead: number;
  /** RFC 3339 UTC. */
  oldestWaitingAt?: string;
  nextTryAt?: string;
  lastSentAt?: string;
  /** What the last failure of something undelivered said. */
  says?: string;
}

/** What a scan leaves to be sent, and what is then known as told. */
export interface Outgoing {
  fleet: string;
  /** Gone through once, before the messages are asked for: a fleet's states are more than anybody should hold. */
  states: Iterable<{ instance: string; state: string }>;
  messages(): { key: string; sink: string; payload: string }[];
}

/** Makes what is to be sent out of what was told of an instance before. Pure: it is called inside a transaction. */
export type MakeOutgoing = (
  told: (fleet: string, instance: string) => { state: string; seenAt: string } | undefined,
) => Outgoing;

/** Messages that are to be delivered. All times RFC 3339 UTC; every call is durable when it returns. */
export interface Outbox {
  /** Keeps what is to be sent of something else than a scan, in one transaction. */
  put(at: string, make: MakeOutgoing): void;
  /** Sinks with something waiting. */
  sinks(fleet: string): string[];
  /**
   * Takes the oldest waiting message of a sink, if it is due and nobody else has it: no other claim gives it before `until`. Messages
   * of one sink go out in their order, so that no alert comes after its own end.
   */
  claim(fleet: string, sink: string, holder: string, now: string, until: string): OutboxRow | undefined;
  /** When the oldest waiting message of a sink is due; undefined when none waits. */
  due(fleet: string, sink: string): string | undefined;
  /** It arrived. Only the holder's word counts. */
  sent(row: number, holder: string, at: string): void;
  /** It did not: it waits until `again`, or is dead where there is no such time. */
  failed(row: number, holder: string, said: { at: string; says: string; delivered: number; again?: string }): void;
  status(): OutboxStatus[];
  /** Dead messages wait again, each as `again` makes it of what is told of instances by now; how many. */
  revive(
    fleet: string,
    now: string,
    again: (payload: string, told: (instance: string) => string | undefined) => string,
  ): number;
  /** Forgets what was sent before that time. */
  prune(before: string): void;
}

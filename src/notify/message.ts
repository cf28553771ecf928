import { compareSeverity } from '../core/finding.ts';
import {
  type Notification,
  type NotificationItem,
  type Sink,
  type Transition,
  type TransitionKind,
  transitionKinds,
} from '../core/notify.ts';
import type { ReportView } from '../core/report.ts';
import type { NotifyConfig, NotifyRoute } from '../schema/notify.ts';

/** A message and the sink that it is for. */
export interface Addressed {
  /** The same for the same scan, route and sink. */
  key: string;
  sink: string;
  message: Notification;
}

/** What a message says of its scan. */
export interface Scope {
  scan: Pick<ReportView['scan'], 'id' | 'startedAt' | 'finishedAt'>;
  instances: number;
  /** What the keys of messages begin with, where it is not the scan that is told of. */
  key?: string;
  /** How many instances of each image were in it. */
  images: ReadonlyMap<string, number>;
}

/** Most instances that the items of a message name together. */
const mostNames = 5000;

/** Does a route want it? All that the route says must hold. Pure. */
export function wants(route: NotifyRoute, { kind, severity, was, verdicts, instance }: Transition): boolean {
  const { severity: from, verdicts: of, groups, labels, kinds } = route;
  return (
    (!from || compareSeverity(severity, from) >= 0 || (was !== undefined && compareSeverity(was, from) >= 0)) &&
    (!of || verdicts.some((v) => of.includes(v))) &&
    (!groups || groups.includes(instance.group)) &&
    (!kinds || kinds.includes(kind)) &&
    Object.entries(labels ?? {}).every(([k, v]) => Object.hasOwn(instance.labels, k) && instance.labels[k] === v)
  );
}

/** One message for each sink and route that something of a scan concerns. A sink gets no transition twice. Pure. */
export function messagesOf(
  transitions: Transition[],
  scope: Scope,
  { sinks, routes }: NotifyConfig,
  kinds: ReadonlyMap<string, Sink>,
): Addressed[] {
  const names = Object.keys(sinks);
  const addressed: Addressed[] = [];
  const given = new Map<string, Set<Transition>>(names.map((name) => [name, new Set()]));
  for (const [i, route] of (routes ?? [{ to: names }]).entries()) {
    const wanted = transitions.filter((t) => wants(route, t));
    for (const name of route.to) {
      const had = given.get(name);
      const kind = sinks[name]?.kind;
      const sink = kind === undefined ? undefined : kinds.get(kind);
      const fresh = wanted.filter((t) => !had?.has(t));
      if (!had || !sink || fresh.length === 0) continue;
      for (const t of fresh) had.add(t);
      const key = `${scope.key ?? scope.scan.id}/${i}/${name}`;
      const most = sinks[name]?.maxItems ?? sink.shape.items;
      addressed.push({ key, sink: name, message: messageOf(key, fresh, scope, { ...sink.shape, items: most }) });
    }
  }
  return addressed;
}

/** All transitions in one message, grouped and cut to what the sink shows. Pure. */
export function messageOf(id: string, transitions: Transition[], scope: Scope, shape: Sink['shape']): Notification {
  const { scan, instances } = scope;
  const items = grouped(transitions, scope, shape.instances);
  const counts = Object.fromEntries(
    transitionKinds.map((kind) => [kind, transitions.filter((t) => t.kind === kind).length]),
  ) as Record<TransitionKind, number>;
  return {
    ...{ schema: 'snowfence.notification/v1', id, kind: 'transitions', at: scan.finishedAt, counts },
    scan: { id: scan.id, startedAt: scan.startedAt, finishedAt: scan.finishedAt, instances },
    items: fewerNames(items.slice(0, shape.items)),
    more: Math.max(0, items.length - shape.items),
    ...(shape.alerts === undefined ? {} : { alerts: alertsOf(transitions, shape.alerts) }),
  };
}

/** Names so many instances in all that a message stays one, whatever the fleet: the first items name most, and each names one. */
function fewerNames(items: NotificationItem[]): NotificationItem[] {
  let left = mostNames;
  return items.map((item) => {
    const instances = item.instances.slice(0, Math.max(1, left));
    left -= instances.length;
    return { ...item, instances };
  });
}

/** For those that keep alerts: ends first, and all of them, for they free room; then the worst. */
function alertsOf(transitions: Transition[], most: number): Transition[] {
  const ends = transitions.filter((t) => t.kind === 'resolved' && !t.summed);
  const begins = transitions.filter((t) => t.kind !== 'resolved').sort(weightier);
  return [...ends, ...begins.slice(0, most)];
}

type Weighed = Pick<Transition, 'severity' | 'kind' | 'title'> & { seen?: number };

function weightier(a: Weighed, b: Weighed): number {
  return (
    Number(a.kind === 'resolved') - Number(b.kind === 'resolved') ||
    compareSeverity(b.severity, a.severity) ||
    (b.seen ?? 0) - (a.seen ?? 0) ||
    (a.title < b.title ? -1 : a.title > b.title ? 1 : 0)
  );
}

/** What happened alike on several instances is one item. */
function grouped(transitions: Transition[], { images }: Scope, named: number): NotificationItem[] {
  const groups = new Map<string, NotificationItem & { images: Set<string> }>();
  for (const { instance, key, verdicts: _, summed: __, finding, ...rest } of transitions) {
    const { kind, about, severity, was, by, title } = rest;
    const like = JSON.stringify([kind, about, severity, was, by, title]);
    const { id, ...what } = finding ?? { id: undefined };
    const group = groups.get(like) ?? {
      ...rest,
      ...(finding ? { finding: what as NonNullable<NotificationItem['finding']> } : {}),
      ...{ instances: [], seen: 0, of: 0, images: new Set<string>() },
    };
    groups.set(like, group);
    group.seen++;
    if (rest.since < group.since) group.since = rest.since;
    if (group.instances.length < named)
      group.instances.push({ ...instance, key, ...(id === undefined ? {} : { finding: id }) });
    if (!group.images.has(instance.image)) {
      group.images.add(instance.image);
      group.of += images.get(instance.image) ?? 0;
    }
  }
  return [...groups.values()]
    .map(({ images: ___, ...item }) => ({ ...item, of: Math.max(item.of, item.seen) }))
    .sort(weightier);
}

/** A message that says of itself that it is a test. Pure. */
export function testMessage(id: string, at: string, sink: string): Notification {
  return {
    ...{ schema: 'snowfence.notification/v1', id, kind: 'test', at, counts: { new: 0, worse: 0, resolved: 0 } },
    scan: { id: `test of ${sink}`, startedAt: at, finishedAt: at, instances: 0 },
    ...{ items: [], more: 0 },
  };
}

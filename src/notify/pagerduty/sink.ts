import type { Severity } from '../../core/finding.ts';
import type { Notification, Sink, Transition } from '../../core/notify.ts';
import { post, resumable } from '../http.ts';
import { insecure, reference, settingsOf, url } from '../settings.ts';

/** Limits of the Events API v2, characters. */
const limits = { summary: 1024, key: 255 };

/** Severities there: critical, error, warning, info. */
const severityOf: Record<Severity, string> = {
  ...{ critical: 'critical', high: 'error', medium: 'warning', low: 'info', info: 'info' },
};

interface PagerEvent {
  event_action: 'trigger' | 'resolve';
  dedup_key: string;
  payload?: object;
}

/** PagerDuty and those that speak its Events API v2: an event for each finding, by which an incident is opened and resolved. */
export const pagerduty: Sink = {
  name: 'pagerduty',
  about: 'triggers and resolves alerts by the Events API v2 of PagerDuty',
  settings: settingsOf(['routingKey'], {
    routingKey: reference('integration key of the service'),
    url: url('of the API, where it is not PagerDuty in the United States: https://events.eu.pagerduty.com/v2/enqueue'),
    insecure,
  }),
  shape: { items: 0, instances: 0, alerts: 100 },
  async send(message, settings, { signal, secret, delivered }) {
    const of = settings as { routingKey: string; url?: string; insecure?: boolean };
    const to = of.url ?? 'https://events.pagerduty.com/v2/enqueue';
    const key = await secret(of.routingKey);
    const events = message.kind === 'test' ? testEvents(message) : eventsOf(message);
    for (const [i, event] of events.entries()) {
      // The API takes one event at a time, and so many a minute: the next attempt goes on where this one ends.
      if (i < delivered) continue;
      const body = JSON.stringify({ routing_key: key, ...event });
      await resumable(i, () => post({ url: to, body, signal, insecure: of.insecure ?? false }));
    }
    return undefined;
  },
};

function eventsOf(message: Notification): PagerEvent[] {
  const alerts = message.alerts ?? [];
  const left = message.counts.new + message.counts.worse - alerts.filter(({ kind }) => kind !== 'resolved').length;
  return [...alerts.map((t) => eventOf(t, message)), ...(left > 0 ? [moreEvent(message, left)] : [])];
}

function eventOf(t: Transition, { at, scan }: Notification): PagerEvent {
  const dedup_key = t.key.slice(0, limits.key);
  if (t.kind === 'resolved') return { event_action: 'resolve', dedup_key };
  const { instance, finding } = t;
  return {
    ...{ event_action: 'trigger', dedup_key },
    payload: {
      summary: `${t.title} on ${instance.name}`.slice(0, limits.summary),
      source: instance.name,
      severity: severityOf[t.severity],
      timestamp: at,
      component: instance.image,
      group: instance.group,
      class: finding?.kind ?? 'instance',
      custom_details: {
        ...{ reason: t.reason, severity: t.severity, verdict: instance.verdict, recommendation: instance.action },
        ...{ rule: finding?.rule, finding: finding?.id, since: t.since, scan: scan.id },
      },
    },
  };
}

function moreEvent({ scan, at }: Notification, left: number): PagerEvent {
  const summary = `${left} more findings of one scan have no alert of their own: snowfence history show ${scan.id}`;
  return {
    ...{ event_action: 'trigger', dedup_key: `snowfence/more/${scan.id}` },
    payload: { summary, source: 'snowfence', severity: 'warning', timestamp: at },
  };
}

/** Opened and resolved at once: nobody is left with it. */
function testEvents({ id, at }: Notification): PagerEvent[] {
  const dedup_key = id.slice(0, limits.key);
  const summary = 'snowfence: this is a test message; nothing happened';
  return [
    { event_action: 'trigger', dedup_key, payload: { summary, source: 'snowfence', severity: 'info', timestamp: at } },
    { event_action: 'resolve', dedup_key },
  ];
}

import type { Severity } from '../../core/finding.ts';
import type { Notification, Sink, Transition } from '../../core/notify.ts';
import { post, resumable } from '../http.ts';
import { insecure, reference, settingsOf, url } from '../settings.ts';

/** Longest value of a label, characters: it becomes a part of an index there. */
const longest = 128;
/** An alert holds until its end is told; Alertmanager itself would end it after `resolve_timeout`. Days. */
const holds = 365;
/** Alerts in one request. */
const atOnce = 500;
const day = 24 * 3600 * 1000;

interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
}

/** Alertmanager, API v2 (github.com/prometheus/alertmanager, api/v2/openapi.yaml): an alert for each finding, ended by `endsAt`. */
export const alertmanager: Sink = {
  name: 'alertmanager',
  about: 'raises and ends alerts in Prometheus Alertmanager (API v2)',
  settings: settingsOf(['url'], {
    url: url('of Alertmanager, without /api/v2'),
    authorization: reference('value of the header Authorization'),
    labels: {
      ...{ type: 'object', additionalProperties: { type: 'string', maxLength: longest }, maxProperties: 20 },
      propertyNames: { pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' },
      description: 'put on every alert',
    },
    insecure,
  }),
  shape: { items: 0, instances: 0, alerts: 1000 },
  async send(message, settings, { signal, secret, delivered }) {
    const of = settings as { url: string; authorization?: string; labels?: Record<string, string>; insecure?: boolean };
    const alerts =
      message.kind === 'test' ? [testAlert(message)] : (message.alerts ?? []).flatMap((t) => alertsOf(t, message));
    const left = message.counts.new + message.counts.worse - (message.alerts ?? []).filter(begins).length;
    if (message.kind !== 'test' && left > 0) alerts.push(moreAlert(message, left));
    const body = alerts.map((alert) => ({ ...alert, labels: { ...of.labels, ...alert.labels } }));
    const headers: Record<string, string> =
      of.authorization === undefined ? {} : { authorization: await secret(of.authorization) };
    const to = { url: `${of.url.replace(/\/+$/, '')}/api/v2/alerts`, signal, insecure: of.insecure ?? false, headers };
    // A long message goes in parts, each of which is taken whole or not at all: the next attempt goes on where this one ends.
    for (let from = delivered; from < body.length; from += atOnce)
      await resumable(from, () => post({ ...to, body: JSON.stringify(body.slice(from, from + atOnce)) }));
    return undefined;
  },
};

const begins = ({ kind }: Transition): boolean => kind !== 'resolved';
const later = (at: string, ms: number): string => new Date(Date.parse(at) + ms).toISOString();

/** What grew worse is another alert, for the severity is a label that people route by: the old one ends. */
function alertsOf(t: Transition, { at }: Notification): Alert[] {
  const ended = (severity: Severity): Alert => alertOf(t, severity, later(at, -1), at);
  if (t.kind === 'resolved') return [ended(t.severity)];
  const began = alertOf(t, t.severity, t.kind === 'new' && t.since < at ? t.since : at, later(at, holds * day));
  return t.was === undefined ? [began] : [ended(t.was), began];
}

function alertOf(t: Transition, severity: Severity, startsAt: string, endsAt: string): Alert {
  const { instance, finding } = t;
  return {
    labels: bounded({
      alertname: t.about === 'finding' ? 'SnowfenceFinding' : 'SnowfenceInstance',
      // The key tells alerts apart whose other labels are cut to the same beginning. Nothing that may differ when it ends is a label:
      // the image of a replaced instance, its verdict.
      ...{ key: t.key, severity, instance: instance.name, group: instance.group },
      ...(finding ? { kind: finding.kind, rule: finding.rule } : { kind: 'instance' }),
    }),
    annotations: {
      summary: `${t.title} on ${instance.name}`,
      description: t.reason,
      verdict: instance.verdict,
      recommendation: instance.action,
      image: instance.image,
    },
    ...{ startsAt, endsAt },
  };
}

function moreAlert({ at, scan }: Notification, left: number): Alert {
  return {
    labels: { alertname: 'SnowfenceMore', scan: scan.id, severity: 'high' },
    annotations: {
      summary: `${left} more findings of one scan have no alert of their own`,
      description: `snowfence history show ${scan.id}`,
    },
    ...{ startsAt: at, endsAt: later(at, day) },
  };
}

function testAlert({ at, id }: Notification): Alert {
  return {
    labels: { alertname: 'SnowfenceTest', severity: 'info', key: id.slice(0, longest) },
    annotations: { summary: 'this is a test message; nothing happened' },
    ...{ startsAt: at, endsAt: later(at, 5 * 60_000) },
  };
}

/** Without empty labels, which are as if they were not there. The key is short by itself. */
function bounded(labels: Record<string, string>): Record<string, string> {
  const entries = Object.entries(labels).filter(([, value]) => value !== '');
  return Object.fromEntries(entries.map(([name, value]) => [name, name === 'key' ? value : value.slice(0, longest)]));
}

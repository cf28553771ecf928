import type { Sink } from '../core/notify.ts';
import type { Registry } from '../core/registry.ts';

/** Sinks by the kind that the configuration calls them by. */
export const sinks: Registry<Sink> = {
  webhook: () => import('./webhook/sink.ts').then((m) => m.webhook),
  slack: () => import('./slack/sink.ts').then((m) => m.slack),
  alertmanager: () => import('./alertmanager/sink.ts').then((m) => m.alertmanager),
  pagerduty: () => import('./pagerduty/sink.ts').then((m) => m.pagerduty),
  syslog: () => import('./syslog/sink.ts').then((m) => m.syslog),
  email: () => import('./email/sink.ts').then((m) => m.email),
  file: () => import('./file/sink.ts').then((m) => m.file),
  command: () => import('./command/sink.ts').then((m) => m.command),
};

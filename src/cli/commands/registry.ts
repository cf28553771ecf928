import type { Registry } from '../../core/registry.ts';
import type { AddCommand } from '../context.ts';

/** The commands in the order of the help. Each is loaded when it is asked for, all of them when help or completion is. */
export const commands: Registry<AddCommand> = {
  init: async () => (await import('./init.ts')).addInit,
  scan: async () => (await import('./scan.ts')).addScan,
  audit: async () => (await import('./audit.ts')).addAudit,
  replace: async () => (await import('./replace.ts')).addReplace,
  manifest: async () => (await import('./manifest.ts')).addManifest,
  history: async () => (await import('./history.ts')).addHistory,
  serve: async () => (await import('./serve.ts')).addServe,
  schedule: async () => (await import('./schedule.ts')).addSchedule,
  report: async () => (await import('./report.ts')).addReport,
  policy: async () => (await import('./policy.ts')).addPolicy,
  waiver: async () => (await import('./waiver.ts')).addWaiver,
  notify: async () => (await import('./notify.ts')).addNotify,
  inventory: async () => (await import('./inventory.ts')).addInventory,
  probe: async () => (await import('./probe.ts')).addProbe,
  doctor: async () => (await import('./doctor.ts')).addDoctor,
  config: async () => (await import('./config.ts')).addConfig,
  schema: async () => (await import('./schema.ts')).addSchema,
  completion: async () => (await import('./completion.ts')).addCompletion,
  demo: async () => (await import('./demo.ts')).addDemo,
};

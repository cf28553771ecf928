import type { Sink } from '../../core/notify.ts';
import { settingsOf } from '../settings.ts';
import { runProgram } from './run.ts';

/** A program of one's own. Exit code 0 is success; 64, 65 and 78 (sysexits.h: usage, data, configuration) are final; all others are tried again. */
export const command: Sink = {
  name: 'command',
  about: 'runs a program (argv, no shell) with snowfence.notification/v1 as JSON on its standard input',
  settings: settingsOf(['argv'], {
    argv: { type: 'array', items: { type: 'string' }, minItems: 1, description: 'program and its arguments' },
  }),
  shape: { items: 1000, instances: 1000 },
  async send(message, settings, { signal, env }) {
    const { argv } = settings as { argv: string[] };
    await runProgram(argv, `${JSON.stringify(message)}\n`, env, signal);
    return undefined;
  },
};

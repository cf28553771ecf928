import type { Transport } from '../../core/ports.ts';
import { processSession } from '../process.ts';
import { sudoOf } from '../sudo.ts';

/** The machine that the scanner runs on: `local:`. */
export const local: Transport = {
  scheme: 'local',
  scope: () => ({ root: '/', mode: 'live' }),
  open: async (instance, limits, signal) => processSession(await sudoOf(instance.reach), limits, signal),
};

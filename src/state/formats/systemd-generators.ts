import type { Format } from '../format.ts';
import { baseName, bytesOf } from '../text.ts';

/** systemd.generator(7), systemd.environment-generator(7). */
export const systemdGenerators: Format = {
  name: 'systemd-generators',
  about: 'programs that make units or variables at each start',
  paths: ['{/etc,/usr/local/lib,/usr/lib,/lib}/systemd/{system,user}{,-environment}-generators/*'],
  facts: (file) => [
    {
      kind: 'service',
      subject: `generator ${baseName(file.path)}`,
      value: bytesOf(file),
      reason: 'systemd runs it at each start, before everything else',
    },
  ],
};

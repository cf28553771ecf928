import type { Format } from '../format.ts';
import { baseName, bytesOf } from '../text.ts';

/** update-motd(5): programs whose output is the message of the day. */
export const motd: Format = {
  name: 'motd',
  about: 'programs that make the message of the day',
  paths: ['/etc/update-motd.d/*'],
  facts: (file) => [
    {
      kind: 'setting',
      subject: `message program ${baseName(file.path)}`,
      value: bytesOf(file),
      reason: 'it runs as root whenever somebody logs in',
    },
  ],
};

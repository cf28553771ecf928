import type { Format } from '../format.ts';
import { lines } from '../text.ts';

/** localtime(5): a link into the zone database; /etc/timezone says the same by name. */
export const timeZone: Format = {
  name: 'time-zone',
  about: 'the time zone',
  paths: ['/etc/localtime', '/etc/timezone'],
  facts(file) {
    const zone = file.type === 'l' ? /\/zoneinfo\/(.+)$/.exec(file.link)?.[1] : lines(file.text)[0];
    return zone === undefined
      ? []
      : [{ kind: 'setting', subject: 'time zone', value: zone.slice(0, 100), reason: 'jobs and logs go by it' }];
  },
};

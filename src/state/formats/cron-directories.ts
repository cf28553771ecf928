import type { Format } from '../format.ts';
import { baseName, bytesOf, directory } from '../text.ts';

/** Programs that run-parts(8) runs; a name with a dot is left out by it on some systems and run on others. */
export const cronDirectories: Format = {
  name: 'cron-directories',
  about: 'programs that run hourly, daily, weekly, monthly or yearly',
  paths: ['/etc/cron.{hourly,daily,weekly,monthly,yearly}/*', '/etc/periodic/*/*'],
  facts(file) {
    const often = baseName(directory(file.path)).replace(/^cron\./, '');
    return [
      {
        kind: 'job',
        subject: `${often} job ${baseName(file.path)}`,
        value: bytesOf(file),
        reason: 'it runs by itself as root',
      },
    ];
  },
};

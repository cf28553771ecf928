import type { Format } from '../format.ts';
import { baseName } from '../text.ts';

/**
 * at(1) names a job's file by queue, number (5 hex digits) and time in minutes (8 hex digits). What is in it is never
 * read: it holds the whole environment of who asked for it.
 */
export const at: Format = {
  name: 'at',
  about: 'at jobs: number, owner and time; never their text',
  paths: ['/var/spool/cron/atjobs/*', '/var/spool/at/{,jobs/}*', '/var/spool/atjobs/*'],
  facts(file) {
    const [, queue = '', number = '', minutes = ''] =
      /^([a-zA-Z=])([0-9a-f]{5})([0-9a-f]{8})$/.exec(baseName(file.path)) ?? [];
    if (queue === '' || file.type !== 'f') return [];
    const account = file.nameOf(file.uid) ?? `user id ${file.uid}`;
    return [
      {
        kind: 'job',
        subject: `at job ${Number.parseInt(number, 16)} of ${account}`,
        value: new Date(Number.parseInt(minutes, 16) * 60_000).toISOString(),
        reason: `it runs by itself as ${account}`,
      },
    ];
  },
};

import { UserError } from '../core/errors.ts';
import type { Job } from './owed.ts';
import { shellWord } from './shell.ts';

/** What a file for cron or systemd is made of. */
export interface Printed {
  jobs: readonly Job[];
  /** Command line of a job, word by word. */
  command(job: Job): readonly string[];
}

/** Lines of a crontab (crontab(5)): each job runs by itself, and mails only what went wrong. @throws UserError for what cron cannot say. */
export function crontab({ jobs, command }: Printed, path: string): string {
  const lines = jobs.map((job) => {
    const { name, timetable, jitterMs } = job;
    const { cron, zone } = timetable;
    if (/[LW#?+]/.test(withoutNames(cron)))
      throw new UserError(
        `job ${name}: cron itself does not know "${cron}" (L, W, # and + are ours)`,
        'print it for systemd, or let "snowfence serve" run it',
      );
    const run = command(job).map(shellWord).join(' ');
    // A percent sign is a line feed to cron. Exit codes mean nothing to it: it mails what is written.
    const line = `${run} >/dev/null || echo "snowfence: job ${name} ended with exit code $?"`.replaceAll('%', '\\%');
    const notes = [
      `# ${name}: ${cron} (${zone})${jitterMs > 0 ? '; cron knows no jitter' : ''}`,
      `CRON_TZ=${zone}`,
      `${cron} ${line}`,
    ];
    return notes.join('\n');
  });
  return `# Jobs of snowfence, for "crontab -e". No flock is needed: a scan takes a lock, and a second one waits for it.
# Exit codes: 0 nothing found, 1 findings, 2 configuration or another scan still runs, 3 something could not be read.
# The whole result: snowfence history show last
# CRON_TZ is of cronie; where cron does not know it (man 5 crontab), the times are those of the machine's own zone.
MAILTO=root
PATH=${path}
SHELL=/bin/sh

${lines.join('\n\n')}
`;
}

/** Names of days and months hold letters that mean something by themselves. */
function withoutNames(cron: string): string {
  return cron.startsWith('@') ? '' : cron.replaceAll(/[A-Za-z]{3}/g, '0');
}

import { maskWords, namesSecret } from '../../core/mask.ts';
import type { Format, SeenFile, StateFact } from '../format.ts';
import { baseName, command, Facts, hash, lines, squeeze, unquoted } from '../text.ts';

const fields = String.raw`(@[a-z]+|(?:[^\s=]+\s+){4}[^\s=]+)`;
const ofSystem = new RegExp(String.raw`^${fields}\s+(\S+)\s+(\S.*)$`);
const ofUser = new RegExp(String.raw`^${fields}\s+(\S.*)$`);

/** crontab(5), anacrontab(5): of the system with a field for the account, in the spool without. */
export const cron: Format = {
  name: 'cron',
  about: 'cron and anacron jobs: account, time and command, with their variables; secrets in commands are not shown',
  paths: ['/etc/{crontab,anacrontab}', '/etc/cron.d/*', '/var/spool/cron/{,crontabs/,tabs/}*', '/etc/crontabs/*'],
  comment: hash,
  facts(file) {
    const found = new Facts('first');
    for (const line of lines(file.text)) {
      const fact = variable(file, line) ?? job(file, line);
      if (fact) found.put(fact);
    }
    return found.list();
  },
};

function variable(file: SeenFile, line: string): StateFact | undefined {
  const [, name = '', value = ''] = /^(["']?[A-Za-z_][A-Za-z0-9_]*["']?)\s*=\s*(.*)$/.exec(line) ?? [];
  if (name === '') return undefined;
  return {
    kind: 'job',
    subject: `cron variable ${unquoted(name)} of ${file.path}`,
    value: namesSecret(name) ? '<not shown>' : maskWords(unquoted(value)),
    reason: 'the jobs of this file run with it',
    minor: true,
  };
}

function job(file: SeenFile, line: string): StateFact | undefined {
  if (baseName(file.path) === 'anacrontab') {
    const [, period = '', delay = '', id = '', run = ''] = /^(\S+)\s+(\S+)\s+(\S+)\s+(\S.*)$/.exec(line) ?? [];
    if (run === '') return undefined;
    const value = `every ${/^\d/.test(period) ? `${period} days` : period}, ${delay} minutes late: ${command(run)}`;
    return { kind: 'job', subject: `anacron job ${id}`, value, reason: 'it runs by itself as root' };
  }
  const spool = !file.path.startsWith('/etc/cron') || file.path.startsWith('/etc/crontabs/');
  const [, time = '', second = '', third = ''] = (spool ? ofUser : ofSystem).exec(line) ?? [];
  const account = spool ? baseName(file.path) : second;
  const run = spool ? second : third;
  if (run === '') return undefined;
  return {
    kind: 'job',
    subject: `cron job of ${account}: ${squeeze(time)} ${command(run)}`,
    value: '',
    reason: `it runs by itself as ${account}`,
  };
}

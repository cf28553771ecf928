import type { Format } from '../format.ts';
import { command, Facts, hash, logical } from '../text.ts';

/** rsyslog.conf(5): actions that run a program or send the log away; what else it says stays text. */
export const rsyslog: Format = {
  name: 'rsyslog',
  about: 'actions of rsyslog that run a program or send the log to another host',
  paths: ['/etc/rsyslog.conf', '/etc/rsyslog.d/*.conf'],
  comment: hash,
  facts(file) {
    const found = new Facts();
    for (const line of logical(file.text)) {
      const program = /\bbinary="([^"]+)"/i.exec(line)?.[1] ?? /\s\^(\/[^\s;]+)/.exec(line)?.[1];
      const target = /\btarget="([^"]+)"/i.exec(line)?.[1] ?? /\s@@?([^\s;]+)/.exec(line)?.[1];
      if (program)
        found.put({
          kind: 'setting',
          subject: `rsyslog program ${command(program)}`,
          value: '',
          reason: 'it runs whenever something is logged',
        });
      if (target)
        found.put({
          kind: 'setting',
          subject: `rsyslog target ${command(target)}`,
          value: '',
          reason: 'the log is sent there',
        });
    }
    return found.list();
  },
};

import type { Format } from '../format.ts';
import { command, Facts, hash, logical } from '../text.ts';

/** udev(7): rules; those that run a program are named by it. */
export const udev: Format = {
  name: 'udev',
  about: 'udev rules, and the programs that they run',
  paths: ['{/etc,/usr/local/lib,/usr/lib,/lib}/udev/rules.d/*.rules'],
  comment: hash,
  facts(file) {
    const found = new Facts();
    for (const line of logical(file.text)) {
      const runs = /\b(RUN|PROGRAM|IMPORT)(\{[a-z]+\})?\s*(\+=|==|:=|=)/.test(line);
      const reason = runs
        ? 'it runs a program as root when a device appears'
        : 'it decides how devices are named and who may use them';
      found.put({ kind: 'setting', subject: `udev rule ${command(line)}`, value: '', reason });
    }
    return found.list();
  },
};

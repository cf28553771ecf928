import type { Format } from '../format.ts';
import { beforeComment, command, Facts, hash, logical } from '../text.ts';

/** doas.conf(5): the last rule that matches wins. */
export const doas: Format = {
  name: 'doas',
  about: 'doas rules',
  paths: ['/etc/doas.conf', '/etc/doas.d/*.conf'],
  comment: hash,
  facts(file) {
    const found = new Facts();
    for (const line of logical(file.text)) {
      const rule = command(beforeComment(line));
      const silent = /\bnopass\b/.test(rule) ? ' without a password' : '';
      const reason = rule.startsWith('deny')
        ? 'it takes a right away'
        : `it lets somebody become another account${silent}`;
      if (rule !== '') found.put({ kind: 'account', subject: `doas rule ${rule}`, value: '', reason });
    }
    return found.list();
  },
};

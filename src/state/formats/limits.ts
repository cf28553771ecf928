import type { Format } from '../format.ts';
import { baseName, beforeComment, Facts, hash, lines, squeeze } from '../text.ts';

/** limits.conf(5): keyed by whom, hardness and resource. access.conf(5): the first rule that matches wins. */
export const limits: Format = {
  name: 'limits',
  about: 'resource limits of accounts, and from where they may log in',
  paths: ['/etc/security/limits.conf', '/etc/security/limits.d/*.conf', '/etc/security/access.conf'],
  comment: hash,
  facts(file) {
    const found = new Facts();
    for (const line of lines(file.text)) {
      const text = squeeze(beforeComment(line));
      const [domain, type, item, value] = text.split(' ');
      if (baseName(file.path) === 'access.conf')
        found.put(
          {
            kind: 'account',
            subject: 'login access rules',
            value: [text],
            reason: 'it decides who may log in from where',
          },
          'all',
        );
      else if (domain && type && item && value !== undefined)
        found.put({
          kind: 'setting',
          subject: `limit of ${domain} ${type} ${item}`,
          value,
          reason: 'it decides how much of the server an account may use',
        });
    }
    return found.list();
  },
};

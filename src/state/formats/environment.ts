import { maskWords, namesSecret } from '../../core/mask.ts';
import type { Format } from '../format.ts';
import { Facts, hash, lines, unquoted } from '../text.ts';

/** pam_env(8), environment.d(5), locale.conf(5). */
export const environment: Format = {
  name: 'environment',
  about: 'environment variables of everybody; values of secrets are not shown',
  paths: ['/etc/environment', '/etc/environment.d/*.conf', '/etc/default/locale', '/etc/locale.conf'],
  comment: hash,
  facts(file) {
    const found = new Facts();
    for (const line of lines(file.text)) {
      const [, name = '', value = ''] = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(line) ?? [];
      if (name === '') continue;
      const loads = /^(LD_|PYTHON|PERL|RUBY|NODE_|BASH_ENV|ENV$|PATH$)/.test(name);
      found.put({
        kind: 'setting',
        subject: `environment variable ${name}`,
        value: namesSecret(name) ? '<not shown>' : maskWords(unquoted(value)),
        reason: loads ? 'it decides which code programs load or run' : 'programs of whoever logs in see it',
        ...(/^LD_(PRELOAD|AUDIT)$/.test(name) ? { severity: 'critical' as const } : {}),
      });
    }
    return found.list();
  },
};

import type { Format } from '../format.ts';
import { baseName, beforeComment, Facts, hash, logical, squeeze } from '../text.ts';

const types = /^-?(auth|account|password|session)$/;

/** pam.d(5), pam.conf(5): a stack of rules per service and type; their order counts. */
export const pam: Format = {
  name: 'pam',
  about: 'PAM stacks: the rules of each service and type in order, and what they include',
  paths: ['/etc/pam.d/*', '/etc/pam.conf'],
  comment: hash,
  facts(file) {
    const found = new Facts('all');
    for (const raw of logical(file.text)) {
      const words = squeeze(beforeComment(raw)).split(' ');
      const service = file.path === '/etc/pam.conf' ? (words.shift() ?? '') : baseName(file.path);
      const [first = '', ...rest] = words;
      if (first === '@include')
        found.put(stack(`pam includes of ${service}`, rest.join(' '), 'rules are read from there too'));
      else if (types.test(first.toLowerCase()))
        found.put(stack(`pam ${first.toLowerCase().replace('-', '')} of ${service}`, rest.join(' '), reasonOf(rest)));
    }
    return found.list();
  },
};

function stack(subject: string, rule: string, reason: string) {
  return { kind: 'account', subject, value: [rule], reason } as const;
}

function reasonOf(rule: readonly string[]): string {
  return rule.some((word) => word.includes('pam_exec'))
    ? 'it runs a program whenever somebody logs in'
    : 'it decides who is let in and how';
}

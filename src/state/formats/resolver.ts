import type { Format } from '../format.ts';
import { Facts, hashOrSemicolon, lines, squeeze } from '../text.ts';

/** resolv.conf(5): name servers in order, and everything else by its word. */
export const resolver: Format = {
  name: 'resolver',
  about: 'name servers and search domains',
  paths: ['/etc/resolv.conf', '/etc/resolvconf/resolv.conf.d/*'],
  comment: hashOrSemicolon,
  facts(file) {
    const found = new Facts('last');
    for (const line of lines(file.text, hashOrSemicolon)) {
      const [word = '', ...rest] = squeeze(line).split(' ');
      if (word === 'nameserver')
        found.put(
          {
            kind: 'setting',
            subject: 'name servers',
            value: [rest.join(' ')],
            reason: 'they say where every name leads',
          },
          'all',
        );
      else if (/^(search|domain|options|sortlist)$/.test(word))
        found.put({
          kind: 'setting',
          subject: `resolver ${word}`,
          value: rest.join(' '),
          reason: 'it decides how names are looked up',
        });
    }
    return found.list();
  },
};

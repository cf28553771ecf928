import type { Format } from '../format.ts';
import { beforeComment, Facts, hash, lines, squeeze } from '../text.ts';

/** hosts(5): addresses with their names. */
export const hosts: Format = {
  name: 'hosts',
  about: 'names of addresses that are known without asking a name server',
  paths: ['/etc/hosts'],
  comment: hash,
  facts(file) {
    const found = new Facts('all');
    for (const line of lines(file.text)) {
      const [address = '', ...names] = squeeze(beforeComment(line)).split(' ');
      if (names.length > 0)
        found.put({
          kind: 'setting',
          subject: `host names of ${address}`,
          value: names,
          reason: 'who asks for these names is sent there',
        });
    }
    return found.list().map((fact) => ({ ...fact, value: [...new Set(fact.value)].sort() }));
  },
};

import type { Format } from '../format.ts';
import { baseName } from '../text.ts';

/** update-alternatives(1): which of several programs a name stands for. */
export const alternatives: Format = {
  name: 'alternatives',
  about: 'alternatives: which program a name stands for',
  paths: ['/etc/alternatives/*'],
  facts: (file) =>
    file.type === 'l'
      ? [
          {
            kind: 'setting',
            subject: `alternative ${baseName(file.path)}`,
            value: file.link,
            reason: 'it runs when the name is called',
          },
        ]
      : [],
};

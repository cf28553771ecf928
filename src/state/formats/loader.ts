import type { Format } from '../format.ts';
import { baseName, beforeComment, Facts, hash, lines, squeeze } from '../text.ts';

/** ld.so(8), ldconfig(8). */
export const loader: Format = {
  name: 'loader',
  about: 'preloaded libraries, and directories in which libraries are looked for',
  paths: ['/etc/ld.so.{conf,preload}', '/etc/ld.so.conf.d/*.conf', '/etc/ld-musl-*.path'],
  comment: hash,
  facts(file) {
    const found = new Facts();
    for (const raw of lines(file.text)) {
      const line = squeeze(beforeComment(raw));
      if (baseName(file.path) === 'ld.so.preload') {
        for (const library of line.split(/[ :]/).filter((part) => part !== ''))
          found.put({
            kind: 'setting',
            subject: `preloaded library ${library}`,
            value: '',
            reason: 'it is loaded into every program that starts',
            severity: 'critical',
          });
      } else if (line.startsWith('include '))
        found.put({
          kind: 'setting',
          subject: `library directories of ${line.slice(8)}`,
          value: '',
          reason: 'more directories are read from there',
        });
      else
        for (const path of line.split(/[ :,]/).filter((part) => part !== ''))
          found.put({
            kind: 'setting',
            subject: `library directory ${path}`,
            value: '',
            reason: 'programs load libraries from there',
          });
    }
    return found.list();
  },
};

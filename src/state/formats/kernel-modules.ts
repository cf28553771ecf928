import type { Format } from '../format.ts';
import { beforeComment, command, Facts, hashOrSemicolon, logical, squeeze } from '../text.ts';

/** modules-load.d(5), modprobe.d(5). */
export const kernelModules: Format = {
  name: 'kernel-modules',
  about: 'kernel modules loaded at start, and what modprobe does instead, besides or not at all',
  paths: ['/etc/modules', '/etc/modules-load.d/*.conf', '/etc/modprobe.d/*.conf', '/etc/modprobe.conf'],
  comment: hashOrSemicolon,
  facts(file) {
    const found = new Facts('all');
    for (const raw of logical(file.text, hashOrSemicolon)) {
      const line = squeeze(beforeComment(raw));
      if (!file.path.includes('modprobe')) {
        const [name = '', ...options] = line.split(' ');
        found.put({
          kind: 'module',
          subject: `kernel module ${name} loaded at start`,
          value: options.join(' '),
          reason: 'it runs inside the kernel',
        });
        continue;
      }
      const [word = '', name = '', ...rest] = line.split(' ');
      if (name === '') continue;
      const runs = word === 'install' || word === 'remove';
      const reason = runs
        ? 'this command runs as root when the module is asked for'
        : 'it decides how and which modules are loaded';
      found.put({ kind: 'module', subject: `modprobe ${word} ${name}`, value: command(rest.join(' ')), reason });
    }
    return found.list();
  },
};

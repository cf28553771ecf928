import type { Format } from '../format.ts';
import { baseName, Facts, hash, logical, squeeze, unquoted } from '../text.ts';

/** Defaults of grub-mkconfig, and the kernel command line of kernel-install(8). */
export const boot: Format = {
  name: 'boot',
  about: 'defaults of the boot loader and the command line of the kernel',
  paths: ['/etc/default/grub', '/etc/default/grub.d/*.cfg', '/etc/kernel/cmdline'],
  comment: hash,
  facts(file) {
    const found = new Facts();
    for (const line of logical(file.text)) {
      if (baseName(file.path) === 'cmdline') {
        found.put({
          kind: 'setting',
          subject: 'kernel command line',
          value: squeeze(line),
          reason: 'the kernel starts with it',
        });
        continue;
      }
      const [, name = '', value = ''] = /^(?:export\s+)?([A-Z_][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
      const shown = /PASSWORD/.test(name) ? '<not shown>' : unquoted(value);
      if (name !== '')
        found.put({
          kind: 'setting',
          subject: `boot setting ${name}`,
          value: shown,
          reason: 'it decides what boots and how',
        });
    }
    return found.list();
  },
};

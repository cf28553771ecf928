import type { Format } from '../format.ts';
import { baseName, bytesOf, command, hash, ini, ofAccount } from '../text.ts';

/** XDG autostart: desktop entries that start with a session. */
export const autostart: Format = {
  name: 'autostart',
  about: 'programs that start with a desktop session',
  paths: ['/etc/xdg/autostart/*.desktop', '~/.config/autostart/*.desktop'],
  comment: hash,
  facts(file) {
    const entries = [...ini(file.text, hash)].filter(([section]) => section === 'Desktop Entry');
    const run = entries.find(([, key]) => key === 'Exec')?.[2];
    const hidden = entries.some(([, key, value]) => key === 'Hidden' && value === 'true');
    return [
      {
        kind: 'service',
        subject: `autostart ${baseName(file.path).replace(/\.desktop$/, '')}${ofAccount(file)}`,
        value: run === undefined ? bytesOf(file) : `${hidden ? 'hidden ' : ''}${command(run)}`,
        reason: 'it runs when a desktop session begins',
      },
    ];
  },
};

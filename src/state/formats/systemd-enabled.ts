import type { Format } from '../format.ts';
import { baseName, directory, ofAccount } from '../text.ts';

/** Links that systemctl enable makes: `TARGET.wants/UNIT`. */
export const systemdEnabled: Format = {
  name: 'systemd-enabled',
  about: 'units that are enabled: what starts them',
  paths: [
    '{/etc,/usr/local/lib,/usr/lib,/lib}/systemd/{system,user}/*.{wants,requires,upholds}/*',
    '~/.config/systemd/user/*.{wants,requires,upholds}/*',
  ],
  facts(file) {
    const unit = baseName(file.path);
    const target = baseName(directory(file.path)).replace(/\.(wants|requires|upholds)$/, '');
    const masked = file.link === '/dev/null';
    // A link to a unit of another name does not start what its own name says (but instances of a template do).
    const other = file.type === 'l' && !masked && baseName(file.link) !== unit && !unit.includes('@');
    return [
      {
        kind: 'service',
        subject: `unit ${unit}${ofAccount(file)} enabled in ${target}`,
        value: other ? `by the file ${file.link}` : masked ? 'masked' : '',
        reason: `it is started with ${target}`,
      },
    ];
  },
};

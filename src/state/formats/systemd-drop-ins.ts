import type { Format } from '../format.ts';
import { baseName, directory, hashOrSemicolon, ofAccount } from '../text.ts';
import { directives } from './systemd-units.ts';

/** `UNIT.d/NAME.conf`: directives that change a unit of the image (systemd.unit(5)). */
export const systemdDropIns: Format = {
  name: 'systemd-drop-ins',
  about: 'drop-ins of units: which directives they set',
  paths: ['{/etc,/usr/local/lib,/usr/lib,/lib}/systemd/{system,user}/*.d/*.conf', '~/.config/systemd/user/*.d/*.conf'],
  comment: hashOrSemicolon,
  facts(file) {
    const unit = baseName(directory(file.path)).replace(/\.d$/, '');
    const value = directives(file);
    if (value.length === 0) return [];
    const runs = typeof value !== 'string' && value.some((line) => /\.Exec|\.Environment|\.User=/.test(line));
    return [
      {
        kind: 'service',
        subject: `unit ${unit}${ofAccount(file)} drop-in ${baseName(file.path)}`,
        value,
        reason: runs ? 'it changes what a unit runs, as whom or with what' : 'it changes a unit of the image',
      },
    ];
  },
};

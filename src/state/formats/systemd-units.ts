import type { Format, SeenFile } from '../format.ts';
import { baseName, bytesOf, command, hashOrSemicolon, ini, ofAccount } from '../text.ts';

/** systemd.unit(5): units of the administrator, masks (links to /dev/null, empty files) and aliases (other links). */
export const systemdUnits: Format = {
  name: 'systemd-units',
  about: 'systemd units with their directives, masked units, aliases; of the system, of all users and of one account',
  paths: [
    '{/etc,/usr/local/lib,/usr/lib,/lib}/systemd/{system,user}/*.{service,timer,socket,path,mount,automount,swap,target,slice}',
    '~/.config/systemd/user/*.{service,timer,socket,path,mount,automount,swap,target,slice}',
  ],
  comment: hashOrSemicolon,
  facts(file) {
    const name = `unit ${baseName(file.path)}${ofAccount(file)}`;
    if (file.link === '/dev/null' || (file.type === 'f' && file.text === ''))
      return [{ kind: 'service', subject: `${name} masked`, value: '', reason: 'it can no longer be started' }];
    if (file.type === 'l')
      return [
        {
          kind: 'service',
          subject: name,
          value: `alias of ${baseName(file.link)}`,
          reason: 'it is another name of a unit',
        },
      ];
    if (file.type !== 'f') return [];
    return [{ kind: 'service', subject: name, value: directives(file), reason: reasonOf(file) }];
  },
};

/** `Section.Key=value` lines in order, or the digest where the text is not known. */
export function directives(file: SeenFile): string | string[] {
  if (file.text === undefined) return bytesOf(file);
  return [...ini(file.text)].map(([section, key, value]) => `${section}.${key}=${command(value)}`);
}

function reasonOf(file: SeenFile): string {
  const name = baseName(file.path);
  const who = file.account || (file.path.includes('/user/') ? 'each user' : 'root');
  if (name.endsWith('.timer')) return 'it starts a unit at its time';
  if (/\.(socket|path)$/.test(name)) return 'it starts a unit when something happens';
  const run = [...ini(file.text)].find(([, key]) => key === 'ExecStart')?.[2];
  const user = [...ini(file.text)].find(([section, key]) => section === 'Service' && key === 'User')?.[2] ?? who;
  return run ? `it runs ${command(run).slice(0, 120)} as ${user}` : 'it is part of what systemd runs';
}

import type { Format } from '../format.ts';
import { baseName, bytesOf, command, directory, Facts, hash, lines } from '../text.ts';

/** Start-up of System V and OpenRC: scripts, the links that start them, rc.local, inittab(5). */
export const init: Format = {
  name: 'init',
  about: 'init scripts and their links in runlevels (System V, OpenRC), rc.local, entries of inittab',
  paths: [
    '/etc/{init.d,local.d}/*',
    '/etc/{,rc.d/}{rc.local,rc0.d/*,rc1.d/*,rc2.d/*,rc3.d/*,rc4.d/*,rc5.d/*,rc6.d/*,rcS.d/*}',
    '/etc/runlevels/*/*',
    '/etc/inittab',
  ],
  facts(file) {
    const name = baseName(file.path);
    const folder = baseName(directory(file.path));
    if (name === 'inittab') return inittab(file.text);
    const one = (subject: string, value: string, reason: string) => [
      { kind: 'service', subject, value, reason } as const,
    ];
    if (file.path.startsWith('/etc/runlevels/'))
      return one(`service ${name} in runlevel ${folder}`, '', 'it is started with the runlevel');
    const [, runlevel = '', mark = '', script = ''] = /\/rc([0-6S])\.d\/([SK])\d\d?([^/]+)$/.exec(file.path) ?? [];
    if (script === '' && runlevel === '' && /^rc[0-6S]\.d$/.test(folder)) return [];
    if (mark === 'K' && /[2-5S]/.test(runlevel))
      return one(`init script ${script} switched off`, '', 'it is not started any more');
    if (script !== '') return one(`init script ${script} in the boot sequence`, '', 'it is started with the server');
    return one(`init script ${name}`, bytesOf(file), 'it runs as root when the server starts');
  },
};

/** `id:runlevels:action:process`; of busybox the id is a terminal and often empty. */
function inittab(text: string | undefined) {
  const found = new Facts();
  for (const line of lines(text, hash)) {
    const [id = '', levels = '', action = '', ...rest] = line.split(':');
    const run = command(rest.join(':'));
    if (action === '') continue;
    found.put({
      kind: 'service',
      subject: `inittab entry ${id || run}`,
      value: [levels, action, run].filter((part) => part !== '').join(' '),
      reason: 'it is run by the first process of the server',
    });
  }
  return found.list();
}

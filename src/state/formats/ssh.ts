import { unescapeName } from '../../core/bytes.ts';
import type { Format, Reading, StatedFact } from '../format.ts';
import { precedence } from '../precedence.ts';
import { Facts, hash, lines, squeeze } from '../text.ts';

/** Directives that add up; of all others the first counts (sshd_config(5), ssh_config(5)). */
const many = new Set(
  'acceptenv allowgroups allowusers denygroups denyusers hostcertificate hostkey identityfile include listenaddress permitlisten permitopen port sendenv setenv subsystem certificatefile localforward remoteforward dynamicforward'.split(
    ' ',
  ),
);

const reasons: Readonly<Record<string, string>> = {
  permitrootlogin: 'it decides whether root may log in over the network',
  passwordauthentication: 'a password can be guessed, a key cannot',
  kbdinteractiveauthentication: 'a password can be guessed, a key cannot',
  permitemptypasswords: 'an account without a password is open to everybody',
  authorizedkeysfile: 'it decides where the keys are that may log in',
  authorizedkeyscommand: 'a program says which keys may log in',
  authorizedprincipalscommand: 'a program says who may log in',
  trustedusercakeys: 'whoever this authority signs for may log in',
  forcecommand: 'it runs whenever somebody logs in',
  permituserenvironment: 'who logs in may set variables that load code',
  subsystem: 'it runs when a client asks for it',
  proxycommand: 'it runs whenever ssh connects',
  localcommand: 'it runs whenever ssh connects',
  include: 'directives are read from there too',
  hostkey: 'it is the identity of the server',
};

/** sshd_config and ssh_config: names in lower case, as `sshd -T` prints them. A `Match` or `Host` block is named with its directives. */
export const ssh: Format = {
  name: 'ssh',
  about: 'effective directives of sshd and ssh, by `Match` and `Host` block (the first counts)',
  paths: ['/etc/ssh/{sshd_config,ssh_config}', '/etc/ssh/{sshd_config.d,ssh_config.d}/*'],
  comment: hash,
  facts(file) {
    const who = /\/sshd_config/.test(file.path) ? 'sshd' : 'ssh client';
    const found = new Facts('first');
    let block = '';
    for (const line of lines(file.text)) {
      const [, word = '', rest = ''] = /^([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*)$/.exec(line) ?? [];
      const name = word.toLowerCase();
      const value = squeeze(rest);
      if (name === '') continue;
      if (name === 'match' || name === 'host')
        block = /^(all|\*)$/i.test(value) && name === 'match' ? '' : ` for ${name} ${value}`;
      else
        found.put(
          {
            kind: 'setting',
            subject: `${who} ${name}${name === 'subsystem' ? ` ${value.split(' ')[0]}` : ''}${block}`,
            value: many.has(name) ? [value] : value,
            reason:
              reasons[name] ?? `it decides how ${who === 'sshd' ? 'people log in' : 'the server logs in elsewhere'}`,
          },
          many.has(name) ? 'all' : 'first',
        );
    }
    return found.list();
  },
  inForce(facts, reading) {
    const included = {
      sshd: inclusions('/etc/ssh/sshd_config', reading),
      ssh: inclusions('/etc/ssh/ssh_config', reading),
    };
    const of = ({ path }: StatedFact) => (path.includes('sshd_config') ? included.sshd : included.ssh);
    const read = facts.filter((fact) => of(fact).reads(unescapeName(fact.path)));
    const adds = ({ subject }: StatedFact) => many.has(nameOf(subject));
    const single = precedence(
      read.filter((fact) => !adds(fact)),
      'first',
      (fact) => of(fact).rank(fact),
    );
    return [...read.filter(adds), ...single];
  },
};

/** The directive of a subject: `sshd permitrootlogin for match ...`. */
function nameOf(subject: string): string {
  return subject.replace(/^(sshd|ssh client) /, '').split(' ')[0] ?? '';
}

/** Which drop-ins a main file reads, and where: what stands before its `Include` counts before them (sshd_config(5)). */
function inclusions(main: string, { textOf }: Reading) {
  const text = textOf(main);
  const all = (text ?? '').split('\n').map((line) => squeeze(line));
  const at = all.findIndex((line) => /^include\b/i.test(line));
  const patterns = all
    .filter((line) => /^include\b/i.test(line))
    .flatMap((line) => line.split(' ').slice(1))
    .map((glob) => globOf(glob.startsWith('/') ? glob : `/etc/ssh/${glob}`));
  return {
    /** Without the text of the main file nothing is known: all count. */
    reads: (path: string) => path === main || text === undefined || patterns.some((one) => one.test(path)),
    rank({ path, subject }: StatedFact): string {
      if (path !== main) return `1 ${path}`;
      const word = new RegExp(`^${nameOf(subject).replace(/[^a-z0-9]/g, '')}[ =]`, 'i');
      const here = all.findIndex((line) => word.test(line));
      return here >= 0 && here < at ? '0' : '2';
    },
  };
}

/** `*` and `?` of a file name pattern; anything else is itself. */
function globOf(glob: string): RegExp {
  const inside = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${inside}$`);
}

import type { Format, StateFact } from '../format.ts';
import { Facts, logical, squeeze } from '../text.ts';

/** sudoers(5): a `#` begins a comment unless a digit (a user id) or `include` follows. */
const comment = /^\s*(#(?!\d|include)|$)/;

/** sudoers(5): who may run what as whom. The last rule that matches wins; a mere change of order stays a file's finding. */
export const sudoers: Format = {
  name: 'sudoers',
  about: 'sudo rules, defaults, aliases and includes',
  paths: ['/etc/sudoers', '/etc/sudoers.d/*'],
  comment,
  facts(file) {
    // sudo reads no file whose name has a dot or ends in `~`, but somebody may include it.
    const found = new Facts('all');
    for (const raw of logical(file.text, comment)) {
      const line = squeeze(raw.replace(/(\s)#(?!\d).*$/, '$1'));
      const included = /^[#@](include(?:dir)?) (.+)$/.exec(line);
      if (included) found.put(setting(`sudo ${included[1]} ${included[2]}`, '', 'sudo rules are read from there too'));
      else if (/^Defaults\b/.test(line)) for (const fact of defaults(line)) found.put(fact);
      else if (/^(User|Runas|Host|Cmnd|Cmd)_Alias /.test(line)) for (const fact of aliases(line)) found.put(fact);
      else if (line !== '') found.put(rule(line), 'first');
    }
    return found.list();
  },
};

function setting(subject: string, value: string, reason: string): StateFact {
  return { kind: 'account', subject, value, reason };
}

const scopes: Readonly<Record<string, string>> = { '@': 'host', ':': 'user', '!': 'command', '>': 'target' };

function defaults(line: string): StateFact[] {
  const [, scope = '', rest = ''] = /^Defaults([@:!>][^ ]+)? (.*)$/.exec(line) ?? [];
  return splitOutsideQuotes(rest, ',').map((part) => {
    const [, not = '', name = part, sign = '', value = ''] =
      /^(!*) ?([a-z_0-9]+)(?: ?([+-]?=) ?(.*))?$/.exec(part) ?? [];
    const off = not.length % 2 === 1;
    const shown = sign ? `${sign === '=' ? '' : `${sign} `}${value}` : off ? 'off' : 'on';
    const reason =
      name === 'authenticate' && off
        ? 'sudo asks for no password'
        : /^env_|secure_path|setenv/.test(name)
          ? 'it decides which variables and programs reach a command of root'
          : 'it decides how sudo works';
    return setting(
      `sudo default ${name}${scope && ` for ${scopes[scope.charAt(0)]} ${scope.slice(1)}`}`,
      shown,
      reason,
    );
  });
}

function aliases(line: string): StateFact[] {
  const [type = '', ...rest] = line.split(' ');
  // A colon begins another alias, unless it belongs to the digest of a command.
  return rest
    .join(' ')
    .split(/(?<!sha(?:224|256|384|512)) ?: ?(?=[A-Z][A-Z0-9_]* ?=(?!=))/)
    .map((part) => {
      const at = part.indexOf('=');
      const members = splitOutsideQuotes(part.slice(at + 1), ',').join(', ');
      return setting(
        `sudo ${type} ${part.slice(0, Math.max(at, 0)).trim()}`,
        members,
        'sudo rules name people, hosts and commands by it',
      );
    });
}

const tag = /\b((?:NO)?(?:EXEC|FOLLOW|INTERCEPT|LOG_INPUT|LOG_OUTPUT|MAIL|PASSWD|SETENV)) ?: ?/g;

function rule(line: string): StateFact {
  const text = line
    .replace(/ ?([=,]) ?/g, '$1')
    .replace(tag, '$1: ')
    .replace(/,/g, ', ');
  const who = /^(?:"[^"]*"|\S+)/.exec(text)?.[0] ?? '';
  const silent = /\bNOPASSWD:/.test(text) ? ' without a password' : '';
  const what = /(?:^|[ =):])ALL$/.test(text) ? 'anything' : 'this';
  return {
    kind: 'account',
    subject: `sudo rule ${text}`,
    value: '',
    reason: `${who} may run ${what} as another account${silent}`,
  };
}

function splitOutsideQuotes(text: string, at: string): string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (const c of text) {
    if (c === '"') quoted = !quoted;
    if (c === at && !quoted) {
      parts.push(part.trim());
      part = '';
    } else part += c;
  }
  return [...parts, part.trim()].filter((p) => p !== '');
}

import { maskWords } from '../../core/mask.ts';
import type { Format, SeenFile, StateFact } from '../format.ts';
import { baseName, beforeComment, Facts, hash, hashOrSemicolon, ini, lines, squeeze, unquoted } from '../text.ts';

/** sources.list(5) in both forms, yum and dnf repositories, apk repositories, pacman.conf(5). */
export const packageSources: Format = {
  name: 'package-sources',
  about: 'where packages come from (apt in both forms, yum and dnf, apk, pacman), and whether signatures are checked',
  paths: [
    '/etc/apt/sources.list',
    '/etc/apt/sources.list.d/*.{list,sources}',
    '/etc/{yum.repos.d,zypp/repos.d}/*.repo',
    '/etc/{yum.conf,dnf/dnf.conf,pacman.conf}',
    '/etc/apk/repositories',
  ],
  comment: hash,
  facts(file) {
    if (file.path.endsWith('.sources')) return deb822(file);
    if (file.path.startsWith('/etc/apt/')) return oneLine(file);
    if (file.path.startsWith('/etc/apk/')) return apk(file);
    return sections(file);
  },
};

function source(subject: string, value: string | string[], unsafe: boolean): StateFact {
  const reason = unsafe ? 'software comes from there, and its signature is not checked' : 'software comes from there';
  return { kind: 'setting', subject: `package source ${maskWords(subject)}`, value, reason };
}

function oneLine(file: SeenFile): StateFact[] {
  const found = new Facts();
  for (const line of lines(file.text)) {
    const [, type = '', options = '', rest = ''] =
      /^(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(.*)$/.exec(squeeze(beforeComment(line))) ?? [];
    if (rest !== '')
      found.put(source(`${type} ${rest}`, squeeze(options), /(trusted|allow-insecure)=yes/i.test(options)));
  }
  return found.list();
}

/** Stanzas of `Name: value` lines; a line that begins with a blank goes on. */
function deb822(file: SeenFile): StateFact[] {
  const found = new Facts();
  for (const stanza of (file.text ?? '').split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of stanza.split('\n').filter((l) => !l.startsWith('#'))) {
      const [, name = '', value = ''] = /^([A-Za-z0-9-]+)\s*:\s*(.*)$/.exec(line) ?? [];
      if (name !== '') {
        last = name.toLowerCase();
        fields.set(last, value);
      } else if (/^\s/.test(line) && last !== '') fields.set(last, `${fields.get(last)} ${line.trim()}`);
    }
    if (!fields.has('uris') || /^no$/i.test(fields.get('enabled')?.trim() ?? '')) continue;
    const words = (name: string) => squeeze(fields.get(name) ?? '');
    const rest = [...fields].filter(([name]) => !['types', 'uris', 'suites', 'components', 'enabled'].includes(name));
    const key = (value: string) => (value.includes('-----BEGIN') ? 'a key in the file' : squeeze(value));
    const unsafe = /^yes$/i.test(words('trusted')) || /^yes$/i.test(words('allow-insecure'));
    const value = rest.map(([name, v]) => `${name} ${key(v)}`).sort();
    found.put(
      source(`${words('types')} ${words('uris')} ${words('suites')} ${words('components')}`.trim(), value, unsafe),
    );
  }
  return found.list();
}

function apk(file: SeenFile): StateFact[] {
  return lines(file.text).map((line) => source(squeeze(line), '', false));
}

function sections(file: SeenFile): StateFact[] {
  const found = new Map<string, string[]>();
  // A line that begins with a blank goes on with the value before it.
  const text = file.text?.replace(/\n[ \t]+(?=\S)/g, ' ');
  for (const [section, key, value] of ini(text, hashOrSemicolon)) {
    const name = section === 'main' || section === 'options' ? `defaults of ${baseName(file.path)}` : section;
    const shown = /password|secret/i.test(key) ? '<not shown>' : maskWords(unquoted(value));
    found.set(name, [...(found.get(name) ?? []), `${key.toLowerCase()}=${shown}`]);
  }
  return [...found].map(([name, values]) => {
    const sorted = values.sort();
    return source(
      name,
      sorted,
      sorted.some((v) => /^(gpgcheck|repo_gpgcheck)=(0|no|false)$|^siglevel=.*never/i.test(v)),
    );
  });
}

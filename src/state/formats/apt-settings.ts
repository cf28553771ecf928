import { maskWords } from '../../core/mask.ts';
import type { Format, StateFact } from '../format.ts';
import { Facts, short } from '../text.ts';

/** `#` begins a comment unless it is a directive of apt's own. */
const comment = /^\s*(#(?!include|clear|x-)|\/\/|$)/;
const token = /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|#(?:include|clear)\b|#[^\n]*|"[^"\n]*"|[{};]|[^\s{};"]+/g;

/** apt.conf(5): names with `::` or nested braces, values in quotes. A name that ends in `::` adds to a list. */
export const aptSettings: Format = {
  name: 'apt-settings',
  about: 'settings of apt, and the commands that it runs',
  paths: ['/etc/apt/apt.conf', '/etc/apt/apt.conf.d/*'],
  comment,
  facts(file) {
    const found = new Facts('all');
    const stack: string[] = [];
    let words: string[] = [];
    for (const [word] of (file.text ?? '').matchAll(token)) {
      if (/^(\/\*|\/\/|#(?!include|clear))/.test(word)) continue;
      if (word === '{') {
        stack.push(words.join(' '));
        words = [];
      } else if (word === '}') {
        stack.pop();
        words = [];
      } else if (word === ';') {
        if (words.length > 0) found.put(fact(stack, words));
        words = [];
      } else if (words.length < 100 && stack.length < 50) words.push(word);
    }
    return found.list();
  },
};

function fact(stack: readonly string[], words: readonly string[]): StateFact {
  const bare = words[0]?.startsWith('"');
  const name = [...stack, ...(bare ? [] : [words[0] ?? ''])]
    .filter((part) => part !== '')
    .join('::')
    .replace(/:{2,}$/, '');
  const value = words
    .slice(bare ? 0 : 1)
    .map((word) => word.replace(/^"|"$/g, ''))
    .join(' ');
  const runs = /-Invoke|Pre-Install-Pkgs|Post-Invoke-Success|\bRun\b|Proxy-Auto-Detect/i.test(name);
  return {
    kind: 'setting',
    subject: `apt setting ${short(name, 200)}`,
    value: [maskWords(value)],
    reason: runs ? 'apt runs this command as root' : 'it decides how packages are fetched and checked',
  };
}

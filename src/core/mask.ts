/** Longest text that masks look at, characters: they are regular expressions, and what a target writes is hostile. */
const longest = 2000;

const hidden = '<not shown>';

/** Words that name a secret. `NOPASSWD:` of sudoers and `passwd:` of nsswitch.conf name none. */
const secretWord = String.raw`(?<!\bno)(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|private[_-]?key|credential|psk)`;

/** `password = ...` and the like: the value is what is left of the line. */
const restOfLine = new RegExp(String.raw`(${secretWord}[a-z0-9_-]{0,40}["']?\s{0,8}[=:]\s{0,8})(\S.*)$`, 'i');

/** Secrets among the words of a command line: `--password x`, `TOKEN=x`, `-u name:x`, `https://name:x@host`. */
const among: readonly (readonly [RegExp, string])[] = [
  [
    new RegExp(
      String.raw`(${secretWord}[a-z0-9_-]{0,40}["']?\s{0,8}[=:]\s{0,8})(?!<not)("[^"]*"|'[^']*'|[^\s,;]+)`,
      'gi',
    ),
    `$1${hidden}`,
  ],
  [
    new RegExp(
      String.raw`(--?[a-z0-9-]{0,40}${secretWord}[a-z0-9-]{0,40}\s{1,8})(?!<not)("[^"]*"|'[^']*'|[^\s-]\S*)`,
      'gi',
    ),
    `$1${hidden}`,
  ],
  [/(\bwpa-psk\s{1,8})(?!<not)(\S+)/gi, `$1${hidden}`],
  [/(:\/\/[^\s/:@]{0,100}:)(?!<not)[^\s@/]{1,200}@/g, `$1${hidden}@`],
  // Words of a sentence have no digits.
  [/\b(Bearer|Basic)\s{1,8}(?=[A-Za-z+/._~-]{0,400}[0-9=])[A-Za-z0-9+/=._~-]{6,}/gi, `$1 ${hidden}`],
  [/(\s(?:-u|--user)[\s=]{0,4}[^\s:]{1,100}:)(?!<not)(\S+)/g, `$1${hidden}`],
  [/(\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b[^|;&]{0,200}?\s-p)(?!<not)(\S+)/g, `$1${hidden}`],
  [/\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[baprs]-[0-9A-Za-z-]{10,}/g, hidden],
];

/** `passwd:` of nsswitch.conf(5), which names sources and no secret. */
const nameService =
  /^[ +-]?passwd:(?:\s{1,20}(?:files|compat|systemd|altfiles|nis|nisplus|ldap|sss|db|winbind|hesiod|\[[A-Za-z=! ]{1,60}\])){1,20}\s*$/;

/** A line of a configuration file without the value of a secret that it sets. */
export function maskLine(line: string): string {
  return nameService.test(line) ? line : line.replace(restOfLine, `$1${hidden}`);
}

/** A command line or directive without the secrets among its words; what is longer than `most` characters is cut. */
export function maskWords(text: string, most = longest): string {
  let masked = text.slice(0, most);
  for (const [pattern, instead] of among) masked = masked.replace(pattern, instead);
  return masked;
}

/** Does a variable of this name hold a secret? */
export function namesSecret(name: string): boolean {
  return new RegExp(secretWord, 'i').test(name);
}

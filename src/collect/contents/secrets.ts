import { maskWords, namesSecret } from '../../core/mask.ts';

/** Names whose content is never kept, whatever its mode: password and key stores, tokens, credentials. */
const secretNames =
  /(^|\/)(g?shadow-?|opasswd|.*\.(key|keytab|p12|pfx|jks|kdbx|gpg|age)|ssh_host_[a-z0-9]+_key|id_[a-z0-9]+|\.netrc|\.pgpass|chap-secrets|pap-secrets|.*(secret|token|credential|passw)[^/]*)$/i;
const secretDirectories =
  /^\/etc\/(ssl\/private|pki\/tls\/private|ipsec\.d\/private|NetworkManager\/system-connections)\//;
const secretText =
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[baprs]-[0-9A-Za-z-]{10}/;

/** May the text of this file be kept in a manifest and shown in a report? */
export function mayBeKept(path: string, text: string): boolean {
  return !secretNames.test(path) && !secretDirectories.test(path) && !secretText.test(text);
}

/** Largest text that is read, bytes: configuration written by people is smaller, a bundle of certificates is not. */
export function maxContentOf(path: string): number {
  return path.startsWith('/etc/ssl/certs/') ? 524_288 : 65_536;
}

/** Below /etc, files whose text is wanted though not everybody may read them: who may do what, and what runs when. */
const closed = /^\/etc\/(sudoers|doas|cron|ssh\/sshd_config)/;
/** Crontabs of accounts, the administrator's own certificate authorities, and what the boot loader remembers. */
const elsewhere =
  /^\/(var\/spool\/cron\/((cron)?tabs\/)?[^/]+|usr\/local\/share\/ca-certificates\/.+|boot\/grub2?\/grubenv)$/;
const keysOfHome = /^((?:\/[^/]+)*)\/\.ssh\/authorized_keys2?$/;

/** Jobs: their commands are needed, the secrets in them are not, and not everybody may read them. */
const jobs = /^\/(etc\/(cron|anacrontab)|var\/spool\/cron)/;

/** What is kept of a text: of jobs, not the values of passwords and the like. */
export function kept(path: string, text: string): string {
  if (!jobs.test(path)) return text;
  return text
    .split('\n')
    .map((line) => {
      const [, name = ''] = /^\s*([A-Za-z_][A-Za-z0-9_]{0,100})\s*=/.exec(line) ?? [];
      return name !== '' && namesSecret(name) ? `${name}=<not shown>` : maskWords(line, line.length);
    })
    .join('\n');
}

/**
 * Files of an image whose text is wanted, by path, size and mode: the same choice as the program makes on an instance.
 * `homes` are those of the image's accounts; without them every directory may be one.
 */
export function isPublicConfiguration(path: string, size: number, mode: number, homes?: ReadonlySet<string>): boolean {
  if (size > maxContentOf(path)) return false;
  const home = keysOfHome.exec(path)?.[1];
  if (home !== undefined && (!homes || homes.has(home) || /^\/(root|home\/[^/]+)$/.test(home))) return true;
  const wanted = path.startsWith('/etc/') ? (mode & 0o004) !== 0 || closed.test(path) : elsewhere.test(path);
  return wanted && mayBeKept(path, '');
}

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

/** Files of an image whose text is wanted, by path, size and mode: the same choice as the program makes on an instance. */
export function isPublicConfiguration(path: string, size: number, mode: number): boolean {
  if (!path.startsWith('/etc/') || size > 65_536 || path.startsWith('/etc/ssl/certs/')) {
    return /^\/(root|home\/[^/]+)\/\.ssh\/authorized_keys$/.test(path) && size <= 65_536;
  }
  return ((mode & 0o004) !== 0 || path.startsWith('/etc/sudoers')) && mayBeKept(path, '');
}

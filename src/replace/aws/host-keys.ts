const begin = '-----BEGIN SSH HOST KEY KEYS-----';
const end = '-----END SSH HOST KEY KEYS-----';
/** `TYPE BASE64`; the base64 of every SSH public key begins with AAAA (a length of four bytes). */
const key = /\b(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) (AAAA[A-Za-z0-9+/]{20,4000}={0,2})(?=\s|$)/;

/**
 * Public host keys that cloud-init (cc_keys_to_console) wrote on a console: of the last whole block, because an instance whose root
 * volume was replaced writes a second one. Pure; the console may hold anything.
 */
export function hostKeysOnConsole(text: string): string[] {
  const to = text.lastIndexOf(end);
  const from = to < 0 ? -1 : text.lastIndexOf(begin, to);
  if (from < 0) return [];
  const lines = text.slice(from + begin.length, to).split(/[\r\n]+/);
  return lines.flatMap((line) => {
    const found = key.exec(line);
    return found ? [`${found[1]} ${found[2]}`] : [];
  });
}

import ssh2 from 'ssh2';

/**
 * An ed25519 key pair that can be used. ssh2 drops leading zero bytes when it writes keys, about one key in 128, and
 * such a key is malformed: it is thrown away.
 */
export function ed25519Key(options: { comment?: string; passphrase?: string; cipher?: string; rounds?: number } = {}) {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', options as object);
    const key = ssh2.utils.parseKey(pair.private, options.passphrase);
    const blob = Buffer.from(pair.public.split(' ')[1] ?? '', 'base64');
    if (!(key instanceof Error) && key.getPublicSSH().equals(blob) && blob.length === 51) return pair;
  }
}

import ssh2 from 'ssh2';

/** An ed25519 key pair in OpenSSH's formats. */
export interface KeyPair {
  private: string;
  /** `ssh-ed25519 AAAA...` and the comment, if there is one. */
  public: string;
}

/** Bytes of an ed25519 public key on the wire: two lengths, `ssh-ed25519`, the key. */
const wireLength = 4 + 'ssh-ed25519'.length + 4 + 32;

/** Makes a key pair. ssh2 drops leading zero bytes of public keys, one key in 256; such a key is thrown away. */
export function makeKey(comment = ''): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    const key = ssh2.utils.parseKey(pair.private);
    if (key instanceof Error) continue;
    const blob = Buffer.from(pair.public.split(' ')[1] ?? '', 'base64');
    if (blob.length === wireLength && key.getPublicSSH().equals(blob)) return pair;
  }
}

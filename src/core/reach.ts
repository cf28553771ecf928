/** How to get in. Secrets only by reference (`env:NAME`, `file:PATH`). */
export interface Reach {
  /** Names the OpenSSH configuration file and known-hosts files; undefined = the user's own. */
  sshConfig?: string;
  knownHosts?: string[];
  identityFiles?: string[];
  /** Reference to a password: `env:NAME` or `file:PATH`. */
  password?: string;
  /** Reference to the passphrase of encrypted keys. */
  passphrase?: string;
  /** Run the program through `sudo -n`; implied by `sudoPassword` and `sudoCommand`. */
  sudo?: boolean;
  /** For `ssm://`. */
  ssm?: {
    /** Document that runs a shell script; undefined = `AWS-RunShellScript`. */
    document?: string;
    /** False: never hold an answer that is too long for one command in the instance's memory (`/dev/shm`). */
    hold?: boolean;
  };
  /** Reference to the password that sudo asks for. */
  sudoPassword?: string;
  /** Absolute path of a helper on the instance that sudo may run: it reads the program from standard input (`doctor --sudoers`). */
  sudoCommand?: string;
  /** `openssh`: the system's own ssh in place of the client inside; for certificates, FIDO keys, GSSAPI. */
  sshClient?: 'builtin' | 'openssh';
  /** Jump hosts as ProxyJump writes them (`[user@]host[:port],...`, `none`); outranks the OpenSSH configuration. */
  proxyJump?: string;
  /** The only host keys that are good: OpenSSH lines (`ssh-ed25519 AAAA...`) or fingerprints (`[TYPE] SHA256:...`). */
  hostKeys?: string[];
  /** `accept-new`: a key of a host without a known one is pinned at first use; a changed one is refused all the same. */
  hostKeyPolicy?: 'known' | 'accept-new';
  /** How often a connection that failed in passing is tried again; 2 by default. */
  retries?: number;
}

/** How one got in, for people. */
export interface Arrival {
  /** Hosts called one after the other, `user@host:port`, the instance last. */
  road: string[];
  /** Its key and where that is known from; empty where there is none. */
  hostKey: string;
  /** How the login was made; empty where there is none. */
  login: string;
  /** Who called: `builtin`, `openssh`. */
  client: string;
}

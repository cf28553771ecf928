import type { Format } from '../format.ts';
import { baseName, bytesOf } from '../text.ts';

/** Files that shells read when they start. A comment in a script may be read by the script: any change of them counts. */
export const shellStartup: Format = {
  name: 'shell-startup',
  about: 'start-up files of shells, of the system and of each account',
  paths: [
    '/etc/{profile,bash.bashrc,bashrc,bash.bash_logout,csh.cshrc,csh.login,csh.logout,zshrc,zshenv,zprofile,zlogin,inputrc}',
    '/etc/{profile.d,zsh,bashrc.d,bash_completion.d,fish/conf.d}/*',
    '/etc/fish/config.fish',
    '~/.{bashrc,profile,bash_profile,bash_login,bash_logout,bash_aliases,zshrc,zshenv,zprofile,zlogin,cshrc,tcshrc,login,inputrc,pam_environment}',
    '~/.config/fish/{config.fish,conf.d/*}',
    '/etc/ssh/sshrc',
    '~/.ssh/{rc,environment}',
  ],
  facts(file) {
    const name = file.account ? `${baseName(file.path)} of ${file.account}` : file.path;
    const who = file.account || 'whoever logs in';
    return [
      {
        kind: 'setting',
        subject: `shell start-up file ${name}`,
        value: bytesOf(file),
        severity: 'high',
        reason: `it runs as ${who} with each shell`,
      },
    ];
  },
};

import { type Command, Option } from 'commander';
import { UserError } from '../core/errors.ts';
import type { Reach } from '../core/ports.ts';
import { collectOption } from './context.ts';

/** Options that say how to get in, as commander gives them. */
export interface WayFlags {
  identity: string[];
  knownHosts: string[];
  sshConfig?: string;
  sshClient?: 'builtin' | 'openssh';
  jump?: string;
  acceptNewHostKeys?: boolean;
  retries?: number;
  sudo?: boolean;
  sudoPassword?: string;
  sudoCommand?: string;
}

/** Adds the options that say how to get in: the same for every command that calls instances. */
export function addWayOptions(command: Command): Command {
  return command
    .option('-i, --identity <file>', 'private key, repeatable', collectOption, [])
    .option('--known-hosts <file>', 'known-hosts file instead of the usual ones, repeatable', collectOption, [])
    .option(
      '--accept-new-host-keys',
      'pin the key of a host without a known one; a changed key is refused all the same',
    )
    .option('--ssh-config <file>', 'OpenSSH configuration instead of ~/.ssh/config')
    .addOption(
      new Option('--ssh-client <client>', "openssh: the system's ssh, for certificates, FIDO keys, GSSAPI").choices([
        'builtin',
        'openssh',
      ]),
    )
    .option('-J, --jump <hosts>', 'jump hosts, [user@]host[:port],... as ProxyJump')
    .option('--retries <n>', 'tries after a connection that failed in passing (default 2)', count)
    .option('--sudo', 'run the program through "sudo -n"')
    .option('--sudo-password <reference>', 'password for sudo: env:NAME or file:PATH', reference)
    .option('--sudo-command <path>', 'helper on the instance that sudo may run ("snowfence doctor --sudoers")', helper);
}

/** The part of `reach` that the command line says. */
export function reachOf(flags: WayFlags): Reach {
  return {
    ...(flags.identity.length > 0 ? { identityFiles: flags.identity } : {}),
    ...(flags.knownHosts.length > 0 ? { knownHosts: flags.knownHosts } : {}),
    ...(flags.sshConfig ? { sshConfig: flags.sshConfig } : {}),
    ...(flags.sshClient ? { sshClient: flags.sshClient } : {}),
    ...(flags.jump ? { proxyJump: flags.jump } : {}),
    ...(flags.acceptNewHostKeys ? { hostKeyPolicy: 'accept-new' } : {}),
    ...(flags.retries === undefined ? {} : { retries: flags.retries }),
    ...(flags.sudo ? { sudo: true } : {}),
    ...(flags.sudoPassword ? { sudoPassword: flags.sudoPassword } : {}),
    ...(flags.sudoCommand ? { sudoCommand: flags.sudoCommand } : {}),
  };
}

function count(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 10)
    throw new UserError(`--retries is "${text}"`, 'it must be a number from 0 to 10');
  return Number(text);
}

function reference(text: string): string {
  // Not repeated: it may be the password itself.
  if (!/^(env|file):./.test(text))
    throw new UserError('--sudo-password is no reference', 'write env:NAME or file:PATH');
  return text;
}

function helper(text: string): string {
  if (!/^\/[A-Za-z0-9_./+-]+$/.test(text))
    throw new UserError(`--sudo-command is "${text}"`, 'it must be an absolute path of letters, digits and _ . / + -');
  return text;
}

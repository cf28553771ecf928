import type { Format } from './format.ts';
import { alternatives } from './formats/alternatives.ts';
import { aptSettings } from './formats/apt-settings.ts';
import { at } from './formats/at.ts';
import { authorizedKeys } from './formats/authorized-keys.ts';
import { autostart } from './formats/autostart.ts';
import { boot } from './formats/boot.ts';
import { certificates } from './formats/certificates.ts';
import { cron } from './formats/cron.ts';
import { cronDirectories } from './formats/cron-directories.ts';
import { doas } from './formats/doas.ts';
import { environment } from './formats/environment.ts';
import { hooks } from './formats/hooks.ts';
import { hosts } from './formats/hosts.ts';
import { init } from './formats/init.ts';
import { kernelModules } from './formats/kernel-modules.ts';
import { limits } from './formats/limits.ts';
import { loader } from './formats/loader.ts';
import { login } from './formats/login.ts';
import { motd } from './formats/motd.ts';
import { mounts } from './formats/mounts.ts';
import { network } from './formats/network.ts';
import { packageKeys } from './formats/package-keys.ts';
import { packageSources } from './formats/package-sources.ts';
import { pam } from './formats/pam.ts';
import { resolver } from './formats/resolver.ts';
import { rsyslog } from './formats/rsyslog.ts';
import { shellStartup } from './formats/shell-startup.ts';
import { ssh } from './formats/ssh.ts';
import { sshHostKeys } from './formats/ssh-host-keys.ts';
import { sudoers } from './formats/sudoers.ts';
import { sysctl } from './formats/sysctl.ts';
import { systemdDropIns } from './formats/systemd-drop-ins.ts';
import { systemdEnabled } from './formats/systemd-enabled.ts';
import { systemdGenerators } from './formats/systemd-generators.ts';
import { systemdSettings } from './formats/systemd-settings.ts';
import { systemdUnits } from './formats/systemd-units.ts';
import { timeZone } from './formats/time-zone.ts';
import { udev } from './formats/udev.ts';

/** All kinds of files of configuration whose meaning is known. A path belongs to the first that names it. */
export const formats: Readonly<Record<string, Format>> = {
  alternatives,
  'apt-settings': aptSettings,
  at,
  'authorized-keys': authorizedKeys,
  autostart,
  boot,
  certificates,
  cron,
  'cron-directories': cronDirectories,
  doas,
  environment,
  hooks,
  hosts,
  init,
  'kernel-modules': kernelModules,
  limits,
  loader,
  login,
  motd,
  mounts,
  network,
  'package-keys': packageKeys,
  'package-sources': packageSources,
  pam,
  resolver,
  rsyslog,
  'shell-startup': shellStartup,
  ssh,
  'ssh-host-keys': sshHostKeys,
  sudoers,
  sysctl,
  'systemd-drop-ins': systemdDropIns,
  'systemd-enabled': systemdEnabled,
  'systemd-generators': systemdGenerators,
  'systemd-settings': systemdSettings,
  'systemd-units': systemdUnits,
  'time-zone': timeZone,
  udev,
};

import { dirname } from 'node:path/posix';
import { calendarOf } from './calendar.ts';
import type { Printed } from './crontab.ts';
import type { Job } from './owed.ts';

/** What the units of a machine need to know. */
export interface UnitOptions extends Printed {
  /** Account that scans; empty = one that exists only while it runs. */
  user: string;
  /** Files that the results of a job are written to. */
  files(job: Job): readonly string[];
}

/** A file of systemd. */
export interface Unit {
  name: string;
  text: string;
}

/** A hardened service and a timer for each job (systemd.exec(5), systemd.timer(5)). @throws UserError for a time that no timer can say. */
export function units(options: UnitOptions): Unit[] {
  return options.jobs.flatMap((job) => [
    { name: `snowfence-${job.name}.service`, text: service(job, options) },
    { name: `snowfence-${job.name}.timer`, text: timer(job) },
  ]);
}

function timer({ name, timetable: { cron, zone }, catchUp, jitterMs }: Job): string {
  return `# ${cron} (${zone})
[Unit]
Description=snowfence: when to run job ${name}

[Timer]
${calendarOf(cron, zone)
  .map((line) => `OnCalendar=${line}`)
  .join('\n')}
Persistent=${catchUp}
${jitterMs > 0 ? `RandomizedDelaySec=${jitterMs / 1000}\n` : ''}AccuracySec=1s

[Install]
WantedBy=timers.target
`;
}

function service(job: Job, { command, user, files }: UnitOptions): string {
  const directories = [...new Set(files(job).map((file) => dirname(file)))];
  return `[Unit]
Description=snowfence: job ${job.name}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${command(job).map(unitWord).join(' ')}
# Findings are a result, not a failure. Without this line a scan with findings is a failed unit.
SuccessExitStatus=1
${user === '' ? 'DynamicUser=yes' : `User=${user}`}
StateDirectory=snowfence
StateDirectoryMode=0700
Environment=SNOWFENCE_STORE=%S/snowfence/snowfence.db HOME=%S/snowfence
UMask=0077
TimeoutStopSec=60
Nice=10
${directories.length > 0 ? `ReadWritePaths=${directories.map((one) => unitWord(`-${one}`)).join(' ')}\n` : ''}NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
`;
}

/** A word of a unit file: % and $ mean something there, and quotes group. */
function unitWord(text: string): string {
  const escaped = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[A-Za-z0-9_@%$+=:,./-]+$/.test(escaped)
    ? escaped
    : `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

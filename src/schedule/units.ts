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
    { name: `snowfence-${job.name}.service`, text: jobService(job, options) },
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

/** The service of the daemon, which runs all jobs itself. `command` is its command line. */
export function daemonUnit(command: readonly string[], { jobs, user, files }: Omit<UnitOptions, 'command'>): Unit {
  const start = `Type=exec
ExecStart=${command.map(unitWord).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=10
# The launcher hands signals on: only it is told, and a scan that runs may end.
KillMode=mixed
TimeoutStopSec=90`;
  const text = service('scheduled scans', start, jobs.flatMap(files), user);
  return { name: 'snowfence.service', text: `${text}\n[Install]\nWantedBy=multi-user.target\n` };
}

function jobService(job: Job, { command, user, files }: UnitOptions): string {
  const start = `Type=oneshot
ExecStart=${command(job).map(unitWord).join(' ')}
# Findings are a result, not a failure. Without this line a scan with findings is a failed unit.
SuccessExitStatus=1
TimeoutStopSec=60`;
  return service(`job ${job.name}`, start, files(job), user);
}

function service(what: string, start: string, files: readonly string[], user: string): string {
  const directories = [...new Set(files.map((file) => dirname(file)))];
  return `[Unit]
Description=snowfence: ${what}
Wants=network-online.target
After=network-online.target

[Service]
${start}
${user === '' ? 'DynamicUser=yes' : `User=${user}`}
StateDirectory=snowfence
StateDirectoryMode=0700
Environment=SNOWFENCE_STORE=%S/snowfence/snowfence.db HOME=%S/snowfence
# One arena of glibc's malloc for all threads: a sixth less memory for many instances at once.
Environment=MALLOC_ARENA_MAX=1
UMask=0077
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

import { stringify } from 'yaml';

/** What a first fleet file is made of. */
export interface Starter {
  /** Names, addresses or instance URIs. */
  hosts: readonly string[];
  group: string;
  /** Ref of the image that all of them were launched from. */
  image: string;
  /** Absent: whom the OpenSSH configuration names. */
  user?: string;
  sudo: boolean;
  /** Private keys, as paths that hold wherever the file is read. Empty: those of the OpenSSH configuration. */
  identityFiles: readonly string[];
  /** When it is scanned, in which time zone; absent: scans are started by hand. */
  job?: { name: string; cron: string; zone: string };
  /** Directory of reports, from the fleet file. */
  reports: string;
  /** Who is told what changed: name -> settings of the sink. */
  sinks: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A value as YAML on one line, quoted where it must be. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trim();
}

/** A fleet file that a person can go on writing: what was asked for, and beside it, as comments, what else there is. */
export function starterFleet(starter: Starter): string {
  const { hosts, group, image, user, sudo, identityFiles } = starter;
  return `# Who is scanned and how they are reached. "snowfence config check FILE" proves this file, "snowfence config explain FILE"
# says what holds for each instance and why, "snowfence schema config" prints all that may stand here.
schema: snowfence.fleet/v1

# For all groups; a group outranks this, a host outranks its group, and a flag of the command line outranks all.
defaults:
${user === undefined ? '  # user: scanner                  # left out: whom your OpenSSH configuration names' : `  user: ${inline(user)}`}
  sudo: ${sudo}${' '.repeat(sudo ? 22 : 21)}# "snowfence doctor --sudoers" prints the least that an account needs
${identityFiles.length === 0 ? '  # identityFiles: [~/.ssh/fleet]  # left out: keys and agent of your OpenSSH configuration' : `  identityFiles: ${inline(identityFiles)}`}

groups:
  ${inline(group)}:
    image: ${inline(image)}
    hosts:
${hosts.map((host) => `      - ${inline(host)}`).join('\n')}
      # - { name: ${inline(`${group}-9`)}, address: 192.0.2.9, port: 2222 }

${scheduleSection(starter)}
${notifySection(starter)}
# Nobody is replaced without a section "replace": who may be, by what, how many at once (docs/replace.md).
`;
}

function scheduleSection({ job, reports }: Starter): string {
  if (!job)
    return `# When it is scanned, by "snowfence serve", cron or systemd (docs/schedules.md):
# schedules:
#   nightly: { cron: '17 3 * * *', zone: UTC }
`;
  const { name, cron, zone } = job;
  return `# When it is scanned: "snowfence schedule print" makes lines of a crontab or units of systemd of it, "snowfence serve" runs it.
schedules:
  ${inline(name)}:
    cron: ${inline(cron)}
    zone: ${inline(zone)}
    policy: [policy.yaml]
    formats: ${inline([`json=${reports}/last.json`])}
`;
}

function notifySection({ sinks }: Starter): string {
  const names = Object.keys(sinks);
  if (names.length === 0)
    return `# Who is told what is new, worse or resolved (docs/notify.md has every kind):
# notify:
#   sinks:
#     chat: { kind: slack, url: env:SLACK_URL }
`;
  return `# Who is told what is new, worse or resolved. Secrets only by reference: env:NAME or file:PATH (docs/notify.md).
notify:
  sinks:
${names.map((name) => `    ${inline(name)}: ${inline(sinks[name])}`).join('\n')}
`;
}

/** A policy file without rules, with one of each kind that people begin with as comments. */
export const starterPolicy = `# Your own rules and waivers; they win over the shipped ones ("snowfence policy list" prints all that are in force).
# "snowfence policy check FILE" proves this file; docs/policy.md has every kind of rule.
schema: snowfence.policy/v1
name: ours

rules: []
#  - id: ours/sockets
#    kind: allow
#    reason: the only ports that our servers may have open
#    fact: socket
#    protocols: [tcp, tcp6]
#    ports: [22, 443]
#  - id: ours/age
#    kind: limit
#    fact: instance
#    ageDays: 90
#    severity: medium
#    reason: nothing lives longer than a quarter

waivers: []
#  - id: ours/motd
#    owner: ops
#    reason: replaced with the next image
#    expires: 2027-01-31T00:00:00Z
#    subjects: [/etc/motd]
`;

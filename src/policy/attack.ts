import type { Finding, Technique } from '../core/finding.ts';
import { isLive } from '../core/finding.ts';

/** What a finding must be for a technique to fit; every part that is given must hold. */
interface Fit {
  /** Id of the rule that decided. */
  rule?: RegExp;
  kind?: readonly Finding['kind'][];
  /** Path of the file, also of one that states the fact. */
  path?: RegExp;
  subject?: RegExp;
  change?: readonly Finding['change'][];
}

type Row = readonly [id: string, name: string, tactic: string, ...fits: Fit[]];

const persistence = 'Persistence';
const evasion = 'Defense Evasion';
const escalation = 'Privilege Escalation';

/**
 * Techniques of MITRE ATT&CK (Enterprise, Linux) that leave such a trace; the first row that fits is told. It says what an
 * intruder would do so, not that one did. Only what clearly fits has a row: most drift is an admin's.
 * Source: the techniques' own pages on attack.mitre.org, version 17.
 */
const rows: readonly Row[] = [
  ['T1620', 'Reflective Code Loading', evasion, { rule: /^process\/memory-only$/ }],
  ['T1055.008', 'Process Injection: Ptrace System Calls', evasion, { rule: /^process\/traced$/ }],
  ['T1036.005', 'Masquerading: Match Legitimate Resource Name or Location', evasion, { rule: /^process\/masquerade$/ }],
  [
    ...(['T1574.006', 'Hijack Execution Flow: Dynamic Linker Hijacking', persistence] as const),
    { rule: /^(process\/loader|severity\/preload)$/ },
    { path: /^\/etc\/ld\.so\.(preload|conf)/ },
    { subject: /\bLD_(PRELOAD|AUDIT|LIBRARY_PATH)\b/ },
  ],
  ['T1548.001', 'Abuse Elevation Control Mechanism: Setuid and Setgid', escalation, { rule: /^severity\/set-id$/ }],
  ['T1548', 'Abuse Elevation Control Mechanism', escalation, { rule: /^severity\/capabilities$/ }],
  [
    ...(['T1548.003', 'Abuse Elevation Control Mechanism: Sudo and Sudo Caching', escalation] as const),
    { path: /^\/etc\/(sudoers(\.d\/|$)|doas\.)/ },
  ],
  [
    ...(['T1098.004', 'Account Manipulation: SSH Authorized Keys', persistence] as const),
    { path: /\/\.ssh\/authorized_keys|^\/etc\/ssh\/authorized_keys/ },
  ],
  [
    'T1556.003',
    'Modify Authentication Process: Pluggable Authentication Modules',
    persistence,
    { rule: /^severity\/pam$/ },
  ],
  ['T1556', 'Modify Authentication Process', persistence, { path: /^\/etc\/(nsswitch\.conf$|ssh\/sshd_config)/ }],
  [
    'T1136.001',
    'Create Account: Local Account',
    persistence,
    { rule: /^account\/(added|second-root)$/, subject: /^user / },
  ],
  [
    ...(['T1098', 'Account Manipulation', persistence] as const),
    { rule: /^account\/(second-root|powerful-group|no-password|changed)$/ },
    { path: /^\/etc\/(passwd|shadow|group|gshadow)$/ },
  ],
  [
    ...(['T1547.006', 'Boot or Logon Autostart Execution: Kernel Modules and Extensions', persistence] as const),
    { rule: /^kernel\/module$/ },
    { kind: ['module'], change: ['added', 'changed'] },
  ],
  [
    'T1053.002',
    'Scheduled Task/Job: At',
    persistence,
    { path: /^\/var\/spool\/(cron\/at|at)/, change: ['added', 'changed'] },
  ],
  ['T1053.006', 'Scheduled Task/Job: Systemd Timers', persistence, { path: /\/systemd\/.*\.timer(\.d\/|$)/ }],
  ['T1053.003', 'Scheduled Task/Job: Cron', persistence, { kind: ['job'], change: ['added', 'changed'] }],
  ['T1546.017', 'Event Triggered Execution: Udev Rules', persistence, { path: /\/udev\/rules\.d\// }],
  [
    ...(['T1546.004', 'Event Triggered Execution: Unix Shell Configuration Modification', persistence] as const),
    { path: /^\/etc\/(profile|bash\.bashrc|zsh|environment)|\/\.(bashrc|profile|bash_profile|bash_login|zshrc)$/ },
  ],
  [
    'T1546.016',
    'Event Triggered Execution: Installer Packages',
    persistence,
    { path: /^\/(etc\/apt\/apt\.conf|var\/lib\/dpkg\/info\/.*(inst|rm)$)/ },
  ],
  ['T1547.013', 'Boot or Logon Autostart Execution: XDG Autostart Entries', persistence, { path: /\/autostart\// }],
  [
    'T1037.004',
    'Boot or Logon Initialization Scripts: RC Scripts',
    persistence,
    { path: /^\/etc\/(rc|init\.d|inittab|runlevels)/ },
  ],
  ['T1037', 'Boot or Logon Initialization Scripts', persistence, { path: /^\/etc\/update-motd\.d\// }],
  [
    ...(['T1543.002', 'Create or Modify System Process: Systemd Service', persistence] as const),
    { kind: ['service'], change: ['added', 'changed'] },
  ],
  [
    'T1553.004',
    'Subvert Trust Controls: Install Root Certificate',
    evasion,
    { path: /^\/(etc\/(ssl|pki|ca-certificates)|usr\/local\/share\/ca-certificates)/, change: ['added', 'changed'] },
  ],
  [
    ...(['T1195.002', 'Supply Chain Compromise: Compromise Software Supply Chain', 'Initial Access'] as const),
    { path: /^\/(etc\/(apt|yum\.repos\.d|apk|dnf)\/|usr\/share\/keyrings\/)/, change: ['added', 'changed'] },
  ],
  ['T1542', 'Pre-OS Boot', persistence, { rule: /^severity\/boot$/ }],
  ['T1564.013', 'Hide Artifacts: Bind Mounts', evasion, { rule: /^mount\/over-image$/ }],
  ['T1014', 'Rootkit', evasion, { rule: /^severity\/package-database$/ }],
  [
    ...(['T1554', 'Compromise Host Software Binary', persistence] as const),
    { rule: /^severity\/tampered-(program|library)$/ },
    { rule: /^process\/altered$/ },
  ],
  ['T1070.004', 'Indicator Removal: File Deletion', evasion, { rule: /^process\/deleted$/ }],
  ['T1078', 'Valid Accounts', 'Initial Access', { rule: /^people\/login$/ }],
];

const pathOf = ({ after, before, subject }: Finding) => String(after?.['file'] ?? before?.['file'] ?? subject);

function fits(finding: Finding, fit: Fit): boolean {
  const path = pathOf(finding);
  return (
    (!fit.rule || fit.rule.test(finding.rule)) &&
    (!fit.kind || fit.kind.includes(finding.kind)) &&
    (!fit.path || fit.path.test(path)) &&
    (!fit.subject || fit.subject.test(finding.subject)) &&
    (!fit.change || fit.change.includes(finding.change))
  );
}

/** The technique of which a live finding would be the trace; undefined where none clearly fits. Pure. */
export function techniqueOf(finding: Finding): Technique | undefined {
  // A package upgraded or installed by its manager is explained by that, whatever it brought.
  if (!isLive(finding) || finding.explained) return undefined;
  const key = `${finding.rule}\0${finding.kind}\0${finding.change}\0${finding.subject}\0${pathOf(finding)}`;
  if (known.has(key)) return known.get(key);
  const row = rows.find(([, , , ...all]) => all.some((fit) => fits(finding, fit)));
  const technique = row && { id: row[0], name: row[1], tactic: row[2] };
  if (known.size >= mostKnown) known.clear();
  known.set(key, technique);
  return technique;
}

/** Instances of one image differ in the same places; a hostile one in millions of others. */
const known = new Map<string, Technique | undefined>();
const mostKnown = 20_000;

/** The finding with its technique, where it has one. */
export function withTechnique(finding: Finding): Finding {
  const attack = techniqueOf(finding);
  return attack ? { ...finding, attack } : finding;
}

import { display, unescapeName } from '../core/bytes.ts';
import type { Finding } from '../core/finding.ts';
import type { KernelFacts } from '../core/running.ts';
import { aliasResolver } from '../fingerprint/alias.ts';
import { keysBelow, lookup, readStream } from '../fingerprint/stream.ts';
import { sysctl } from '../state/formats/sysctl.ts';
import type { Case, PackageChanges } from './case.ts';
import { makeFinding } from './make.ts';

/** Letters of /proc/modules and what they say (Documentation/admin-guide/tainted-kernels). */
const taints: Record<string, string> = {
  P: 'proprietary',
  O: 'out of tree',
  F: 'forced',
  C: 'staging',
  E: 'unsigned',
};

/**
 * The running kernel against the image: modules that it does not have, programs that the kernel would start, settings that the
 * image makes otherwise. A kernel that is not the image's (a container's, an older one still running) says nothing about it.
 */
export function judgeKernel(the: Case, packages: PackageChanges): Finding[] {
  const kernel = the.live.running?.kernel;
  if (!kernel) return [];
  const known = modulesOf(the.image.files, the.live.os.kernel);
  if (known.size === 0) return [];
  return [...judgeModules(the, kernel, known, packages), ...judgeHelpers(the, kernel), ...judgeSettings(the, kernel)];
}

/** Names of the modules that a system has for a kernel release: `/lib/modules/RELEASE/**.ko{,.gz,.xz,.zst}`. */
function modulesOf(files: Buffer, release: string): Map<string, string> {
  const found = new Map<string, string>();
  if (release === '' || release.includes('/')) return found;
  for (const directory of ['/usr/lib/modules', '/lib/modules']) {
    for (const key of keysBelow(files, `${directory}/${release}/`)) {
      const name = /([^/]+)\.ko(\.(gz|xz|zst))?$/.exec(key)?.[1];
      if (name) found.set(name.replaceAll('-', '_'), key);
    }
  }
  return found;
}

function judgeModules(the: Case, kernel: KernelFacts, known: Map<string, string>, packages: PackageChanges): Finding[] {
  const now = modulesOf(the.live.files, the.live.os.kernel);
  const isPackaged = (path: string | undefined) => packages.findings.has(the.live.recent.owner.get(path ?? '') ?? '');
  return [...kernel.modules]
    .filter(([name]) => !known.has(name) && !isPackaged(now.get(name)))
    .map(([name, letters]) => {
      const words = [...letters].flatMap((letter) => taints[letter] ?? []);
      return makeFinding(the.instance.id, 'module', 'added', name, {
        severity: 'critical',
        disposition: 'drift',
        rule: 'kernel/module',
        reason: `a module is loaded into the kernel that the image does not have${words.length > 0 ? ` (${words.join(', ')})` : ''}`,
        tamper: true,
        controls: ['NIST 800-53 CM-7', 'NIST 800-53 SI-7'],
        after: { file: display(now.get(name) ?? 'no file').text, taint: words },
      });
    });
}

/** Programs that the kernel starts as root: of core dumps, and to load modules. */
function judgeHelpers(the: Case, { settings }: KernelFacts): Finding[] {
  const resolve = aliasResolver(the.image.files);
  const pattern = settings.get('kernel.core_pattern') ?? '';
  const helpers: [key: string, program: string][] = [
    ['kernel.core_pattern', pattern.startsWith('|') ? (pattern.slice(1).trim().split(' ')[0] ?? '') : ''],
    ['kernel.modprobe', settings.get('kernel.modprobe') ?? ''],
    ['kernel.hotplug', settings.get('kernel.hotplug') ?? ''],
  ];
  return helpers
    .filter(([, program]) => program.startsWith('/') && !has(the, program) && !has(the, resolve(program)))
    .map(([key, program]) =>
      setting(
        the,
        key,
        'critical',
        `the kernel runs ${display(program).text} as root, which is not a file of the image`,
        {
          value: display(settings.get(key) ?? '').text,
        },
      ),
    );
}

function has(the: Case, path: string): boolean {
  return lookup(the.image.files, path) !== undefined || the.live.recent.owner.has(path);
}

/** What a kernel makes of the memory of its machine says nothing. */
const sized = new Set(['user.max_user_namespaces']);

/**
 * What holds against what the golden instance had, or, without one, what the image's sysctl.d says where systemd applies it. Words
 * are not ours to weigh: programs are judged above.
 */
function judgeSettings(the: Case, { settings }: KernelFacts): Finding[] {
  const golden = the.image.settings;
  const wanted = golden ? new Map(readStream(golden)) : settingsOfFiles(the);
  return [...wanted].flatMap(([key, value]) => {
    const now = settings.get(key);
    if (now === undefined || now === value || sized.has(key) || !/^-?\d+$/.test(value)) return [];
    const from = golden ? 'the golden instance had' : 'the image sets';
    const [shown, before] = [display(now).text, display(value).text];
    return [setting(the, key, 'high', `the kernel runs with ${shown}, ${from} ${before}`, { value: shown })];
  });
}

/**
 * Files are read as sysctl.d(5) says, in the order of their names. Only texts in /etc are known: what a later file of the system may
 * set otherwise is left out. What a changed file says now is told as the change of that file.
 */
function settingsOfFiles(the: Case): Map<string, string> {
  const wanted = new Map<string, string>();
  if (the.live.processes?.find(({ pid }) => pid === 1)?.comm !== 'systemd') return wanted;
  const changed = new Set(the.drifts.filter(({ stream }) => stream === 'files').map(({ key }) => key));
  const last = lastOfSystem(the.image.files);
  for (const [name, path] of sysctlFiles(the)) {
    const text = unescapeName(lookup(the.image.contents, path) ?? '');
    for (const fact of sysctl.facts({ path, text } as Parameters<typeof sysctl.facts>[0])) {
      const key = fact.subject.replace(/^sysctl /, '');
      if (changed.has(path) || name < last) wanted.delete(key);
      else wanted.set(key, String(fact.value).replace(/\s+/g, ' ').trim());
    }
  }
  return wanted;
}

/** Name of the last file in the directories of the system, but for the one of procps that is known. */
function lastOfSystem(files: Buffer): string {
  let last = '';
  for (const directory of ['/usr/lib/sysctl.d/', '/usr/local/lib/sysctl.d/', '/lib/sysctl.d/']) {
    const prefix = Buffer.from(`\n${directory}`, 'latin1');
    for (let at = files.indexOf(prefix); at >= 0; at = files.indexOf(prefix, at + 1)) {
      const name = files.toString('latin1', at + prefix.length, files.indexOf(0, at));
      if (name.endsWith('.conf') && name !== '99-protect-links.conf' && name > last) last = name;
    }
  }
  return last;
}

/** Files of /etc in the order of their names; /etc/sysctl.conf where a link brings it in. */
function sysctlFiles(the: Case): [name: string, path: string][] {
  const found: [string, string][] = [];
  for (const [path] of readStream(the.image.contents)) {
    const name = /^\/etc\/sysctl\.d\/([^/]+\.conf)$/.exec(path)?.[1];
    if (name) found.push([name, path]);
  }
  const link = '99-sysctl.conf';
  if (
    ['/etc', '/usr/lib'].some((directory) => lookup(the.image.files, `${directory}/sysctl.d/${link}`)?.startsWith('l '))
  )
    found.push([link, '/etc/sysctl.conf']);
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

function setting(
  the: Case,
  key: string,
  severity: Finding['severity'],
  reason: string,
  after: { value: string },
): Finding {
  return makeFinding(the.instance.id, 'setting', 'changed', `kernel setting ${key}`, {
    severity,
    disposition: 'drift',
    rule: 'kernel/setting',
    reason,
    tamper: severity === 'critical',
    controls: ['NIST 800-53 CM-6'],
    after,
  });
}

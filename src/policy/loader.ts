import { display } from '../core/bytes.ts';
import type { ProcessFact } from '../core/facts.ts';
import type { Finding, Severity } from '../core/finding.ts';
import type { ProcessTraits } from '../core/running.ts';
import { aliasResolver } from '../fingerprint/alias.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case } from './case.ts';
import { controls, open } from './libraries.ts';
import { makeFinding } from './make.ts';
import { seenProcesses } from './processes.ts';

/** LD_PRELOAD and LD_AUDIT name what goes into a program first: it makes a strange library graver, or is a finding itself. */
export function judgeLoader(
  the: Case,
  process: ProcessFact,
  traits: ProcessTraits,
  told: Map<string, Finding>,
  files: Finding[],
): Finding[] {
  const found: Finding[] = [];
  const resolve = aliasResolver(the.image.files);
  for (const { name, value } of traits.loader ?? []) {
    const paths = value.split(name === 'LD_PRELOAD' ? /[: ]+/ : ':').filter((path) => path.startsWith('/'));
    if (name === 'LD_LIBRARY_PATH') {
      const bad = paths.find((path) => open.test(`${path}/`) && !path.startsWith('/run/'));
      if (bad !== undefined && !isConfigured(files, name, bad))
        found.push(loaderFinding(the, process, name, bad, 'medium'));
      continue;
    }
    for (const path of paths) {
      // A library in memory is named by a descriptor.
      const inMemory = /^\/(proc\/[^/]+|dev)\/fd\/\d+$/.test(path);
      const library =
        told.get(path) ?? (inMemory ? [...told].find(([key]) => key.startsWith('/memfd:'))?.[1] : undefined);
      if (library) aggravate(library, name);
      else if (lookup(the.image.files, resolve(path)) === undefined && !the.live.recent.owner.has(resolve(path)))
        if (!isConfigured(files, name, path)) found.push(loaderFinding(the, process, name, path, 'high'));
    }
  }
  return found;
}

function aggravate(library: Finding, name: string): void {
  if (library.disposition === 'expected' || library.reason.includes(`(${name})`)) return;
  library.severity = 'critical';
  library.tamper = true;
  library.reason += ` (${name})`;
}

/** Does the finding of a file say that this variable is set so? Then it is one change. */
function isConfigured(files: Finding[], name: string, path: string): boolean {
  const shown = display(path).text;
  return files.some(({ subject, after, diff }) => {
    const said = [subject, ...[after?.['value'] ?? []].flat(), diff ?? ''].join('\n');
    return said.includes(name) && said.includes(shown);
  });
}

function loaderFinding(the: Case, process: ProcessFact, name: string, path: string, severity: Severity): Finding {
  const where =
    name === 'LD_LIBRARY_PATH'
      ? 'libraries are looked for where everybody may write'
      : 'the loader is told to load what the image does not have';
  return makeFinding(the.instance.id, 'process', 'violates', `${name} of ${process.exe}`, {
    severity,
    disposition: 'violation',
    rule: 'process/loader',
    reason: `${where}: ${display(path).text}`,
    controls,
    after: { ...seenProcesses([process]), variable: name, value: display(path).text },
  });
}

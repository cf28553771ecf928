import { run } from './exec.ts';

/**
 * The apt sources of this machine for one Debian suite, in one-line style, so that the image comes from the mirror the machine is meant to
 * use. Empty when the machine is not of this suite: mmdebstrap then uses Debian's own mirror.
 */
export async function aptSources(suite: string): Promise<string> {
  const wanted = [suite, `${suite}-updates`, `${suite}-security`];
  const format = '$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)';
  const listed = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']).catch(
    () => undefined,
  );
  if (listed?.code !== 0) return '';
  const lines = new Set<string>();
  for (const line of listed.stdout.split('\n')) {
    const [uri, release, component] = line.split('\t');
    if (uri && release && component === 'main' && wanted.includes(release)) lines.add(`deb ${uri} ${release} main`);
  }
  const found = [...lines].join('\n');
  return found.includes(` ${suite} main`) ? `${found}\n` : '';
}

/** The proxy of the machine's apt configuration as environment, which mmdebstrap's own apt would otherwise not know. */
export async function aptProxy(): Promise<Record<string, string>> {
  const asked = await run('apt-config', [
    'shell',
    'http',
    'Acquire::http::Proxy',
    'https',
    'Acquire::https::Proxy',
  ]).catch(() => undefined);
  const found: Record<string, string> = {};
  for (const match of asked?.stdout.matchAll(/^(https?)='([^']+)'$/gm) ?? []) {
    if (match[2] !== 'DIRECT') found[`${match[1]}_proxy`] = match[2] as string;
  }
  return found;
}

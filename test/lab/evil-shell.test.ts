import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { text } from '../../src/report/text/render.ts';
import { startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import type { LabImage } from './image-store.ts';
import type { LabInstance } from './instance.ts';
import { describeLab } from './require.ts';
import { Desk, scan } from './scanning.ts';

/** What stands in the place of /bin/sh, and what must then be said: gaps, and whether the shell itself is found. */
interface Shell {
  script: string;
  gaps: unknown[];
  found?: true;
}

const honest = 'exec /usr/bin/dash "$@"';
const hello = `printf '\\0SNOWFENCE/1 1700000000 /\\0'`;

const shells: Record<string, Shell> = {
  // Its input stays open as long as the greeting does not come.
  'gives the program back': { script: 'exec cat', gaps: ['connect garbled'] },
  'speaks before the greeting': {
    script: `printf '\\0B files\\0W 0\\0W 0\\0E files\\0Z\\0'\n${honest}`,
    gaps: [],
    found: true,
  },
  'greets and says that there is nothing': {
    script: `${hello}; for p in os files; do printf 'B %s\\0E %s\\0' $p $p; done; printf 'Z\\0'`,
    gaps: expect.arrayContaining(['files cut', 'processes cut']) as unknown as unknown[],
  },
  'never stops': { script: 'exec yes', gaps: ['connect limit'] },
  'never stops to complain': { script: 'exec yes >&2', gaps: ['connect limit'] },
  'says nothing': { script: 'exec sleep 1000', gaps: ['connect timeout'] },
  'leaves a child that holds the channel': {
    script: `sleep 1000 &\n${honest}`,
    gaps: [],
    found: true,
  },
  'closes its output and goes on': {
    script: 'exec >&- 2>&-\nexec sleep 1000',
    gaps: ['connect timeout'],
  },
  'ends well and says nothing': { script: 'exit 0', gaps: ['connect garbled'] },
  'draws on terminals': {
    script: `printf '\\033]0;owned\\007\\033[2J\\302\\2332J' | tee /dev/stderr; exit 3`,
    gaps: ['connect garbled'],
  },
  'says half a frame and waits': {
    script: `${hello}; printf 'B os\\0release ID='; exec sleep 1000`,
    gaps: ['connect timeout'],
  },
};

async function plant(one: LabInstance, script: string): Promise<void> {
  const path = join(one.root, 'usr/bin/sh');
  await rm(path);
  // Others start it too, before us: pam_motd runs its parts by it, and would never let us in.
  const guard = `[ "$1" = -s ] || ${honest}`;
  await writeFile(path, `#!/usr/bin/bash\n${guard}\n${script}\n`, { mode: 0o755 });
}

const flags = ['--idle-timeout', '25', '--timeout', '110', '--memory', '64'];

describeLab('a shell that lies', () => {
  let image: LabImage;
  let desk: Desk;
  let manifest: string;
  beforeAll(async () => {
    image = await labImage();
    desk = await Desk.open();
    manifest = await desk.manifest(image);
  });
  afterAll(() => desk?.[Symbol.asyncDispose]());

  it('is told for what it does, and the honest hosts beside it are clean', async () => {
    const names = Object.keys(shells);
    await using fleet = await startFleet(image, names.length + 2);
    for (const [i, name] of names.entries())
      await plant(fleet.instances[i] as LabInstance, (shells[name] as Shell).script);
    const result = await scan(fleet, fleet.instances, manifest, [...flags, '--concurrency', '13']);
    for (const good of fleet.instances.slice(names.length))
      expect([result.of(good).verdict, result.of(good).gaps]).toEqual(['clean', []]);
    for (const [i, name] of names.entries()) {
      const one = fleet.instances[i] as LabInstance;
      const { gaps, found } = shells[name] as Shell;
      const seen = result.of(one);
      const said = [...new Set(seen.gaps.map((gap) => `${gap.probe} ${gap.reason}`))];
      const removed = seen.findings.filter(({ change }) => change === 'removed').map(({ subject }) => subject);
      expect({ name, said, removed }).toEqual({ name, said: gaps, removed: [] });
      const subjects = result.live(one).map(({ subject }) => subject);
      if (found) expect({ name, subjects }).toEqual({ name, subjects: expect.arrayContaining(['/usr/bin/sh']) });
      else expect([name, seen.verdict]).toEqual([name, expect.stringMatching(/^(unreachable|incomplete)$/)]);
    }
    expect([...text.render(result.report, { color: false, all: true })].join('')).not.toMatch(
      /[\x00-\x09\x0b-\x1f\x7f-\x9f]/,
    );
  });

  it('that repeats the answer of another scan is told so', async () => {
    await using fleet = await startFleet(image, 2);
    const [one, good] = fleet.instances as [LabInstance, LabInstance];
    await plant(one, '/usr/bin/dash "$@" | tee /srv/answer');
    const first = await scan(fleet, [one], manifest, flags);
    expect(first.live(one).map(({ subject }) => subject)).toContain('/usr/bin/sh');
    await plant(one, 'exec cat /srv/answer');
    const second = await scan(fleet, [one, good], manifest, flags);
    expect(second.of(good).verdict).toBe('clean');
    expect(second.of(one)).toMatchObject({
      verdict: 'unreachable',
      gaps: [{ probe: 'connect', reason: 'garbled', detail: expect.stringContaining('made for another scan') }],
      findings: [],
    });
  });
});

/**
 * `node judged.ts INSTANCES FINDINGS`: judges that many instances of one image, each with so many drifted files, counts and clusters them,
 * and writes the report as JSON into nothing. Prints `{ judge, fleet, report, maxRssMiB, bytes }`, CPU seconds of each part; what it takes to make
 * the instances is not counted.
 */

import type { Outcome } from '../../src/app/instance.ts';
import { judgeInstance, policyCompiler } from '../../src/app/instance.ts';
import { loadPolicies } from '../../src/app/policies.ts';
import { fleetReport } from '../../src/app/report.ts';
import type { Manifest } from '../../src/core/manifest.ts';
import { encodeLines } from '../../src/fingerprint/stream.ts';
import { Keeper } from '../../src/fleet/keeper.ts';
import { json } from '../../src/report/json/render.ts';
import { fingerprint } from '../drift/make.ts';

const [instances = 1000, findings = 500] = process.argv.slice(2).map(Number);
/** Of the findings of an instance, what it shares with its half of the fleet; the rest is nobody else's. */
const shared = Math.round(findings * 0.7);
const line = (path: string, hash: string) => `${path}\0f 644 0 0 1234 ${hash.padEnd(64, '0')} -`;
const paths = Array.from({ length: 10_000 }, (_, i) => `/usr/share/app/d${i % 100}/f${String(i).padStart(5, '0')}`);
const image = { ...fingerprint({}), files: encodeLines(paths.map((path) => line(path, 'a'))) };
const manifest = { image: { ref: 'web:42' }, digest: 'sha256:x', fingerprint: image } as Manifest;

const bare = fingerprint({});
const digests = paths.map((path) => image.files.indexOf(`${path}\0f 644 0 0 1234 `) + path.length + 16);

/** The image with other digests in its first files: written over the copy, so that making it costs next to nothing. */
function live(n: number) {
  const files = Buffer.from(image.files);
  for (let i = 0; i < findings; i++)
    files.write(i < shared ? `b${n % 2}` : `c${n.toString(16)}e`, digests[i] as number);
  return { ...bare, files };
}

const { policies } = await loadPolicies([]);
const compileFor = policyCompiler(policies.map((one) => one.policy));
const keeper = new Keeper();
const outcomes: Outcome[] = [];
const cost = { judge: 0, fleet: 0, report: 0 };
function counted<T>(part: keyof typeof cost, act: () => T): T {
  const before = process.cpuUsage();
  const result = act();
  const { user, system } = process.cpuUsage(before);
  cost[part] += (user + system) / 1e6;
  return result;
}
const at = new Date('2026-06-01T00:00:00Z');
for (let n = 0; n < instances; n++) {
  const id = `web-${n}`;
  const instance = { id, uri: `ssh://${id}`, name: id, group: 'web', labels: {}, reach: {} };
  const its = live(n);
  counted('judge', () => {
    const judged = judgeInstance(instance, its, manifest, compileFor, at);
    if (judged.findings.length !== findings) throw new Error(`${judged.findings.length} findings of ${findings}`);
    outcomes.push({
      ...{
        instance,
        reached: true,
        manifest,
        os: 'x',
        identity: id,
        launchedAt: 0,
        stateful: [],
        claims: judged.claims,
      },
      ...{ gaps: judged.gaps, seconds: 1, readAt: at.toISOString() },
      coverage: { files: 1, filesSeen: 1, filesHashed: 1, bytesHashed: 1, excluded: [] },
      ...keeper.keep(judged.findings),
    });
  });
}
const part = counted('fleet', () => fleetReport(outcomes, keeper, () => new Map(), at.toISOString()));
if (part.fleet[0]?.clusters.length !== (shared < findings ? instances : Math.min(2, instances)))
  throw new Error('clusters');
let bytes = 0;
counted('report', () => {
  const { waived: _, ...rest } = part;
  const scan = { id: 'x', startedAt: '', finishedAt: '', depth: 'full', partial: false } as never;
  for (const chunk of json.render({ schema: 'snowfence.report/v1', scan, ...rest }, { color: false, all: true }))
    bytes += chunk.length;
});
console.log(JSON.stringify({ ...cost, maxRssMiB: Math.round(process.resourceUsage().maxRSS / 1024), bytes }));

/**
 * Renders a report of many instances, made on the fly, and writes it where nobody keeps it. Run as a process of its own with a
 * small heap: `node --max-old-space-size=MB child.ts FORMAT INSTANCES FINDINGS`. Prints characters, milliseconds and the
 * largest resident size in KiB.
 */
import { devNull } from 'node:os';
import { writeFile } from '../../src/cli/write.ts';
import { renderers } from '../../src/report/registry.ts';
import { manyInstances } from './many.ts';

const [, , format = '', instances, findings] = process.argv;
const renderer = await renderers[format]?.();
if (!renderer) throw new Error(`no format ${format}`);
let length = 0;
function* counted(chunks: Iterable<string>): Iterable<string> {
  for (const chunk of chunks) {
    length += chunk.length;
    yield chunk;
  }
}
const start = performance.now();
writeFile(
  devNull,
  counted(renderer.render(manyInstances(Number(instances), Number(findings)), { color: false, all: false })),
);
console.log(length, Math.round(performance.now() - start), process.resourceUsage().maxRSS);

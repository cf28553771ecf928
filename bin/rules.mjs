/**
 * Writes dist/rules.json: the rules that come with the tool as data, because parsing them as YAML was a quarter of what a scan of one server
 * cost its scanner. Each file stands there with its sha256: what was edited since is parsed again (src/app/shipped.ts). Runs on Node 20.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const directory = join(root, 'rules');
const parsed = {};
for (const file of readdirSync(directory).filter((name) => /\.ya?ml$/.test(name))) {
  const bytes = readFileSync(join(directory, file));
  parsed[file] = {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    policy: parse(bytes.toString('utf8'), { maxAliasCount: 100 }),
  };
}
writeFileSync(join(root, 'dist', 'rules.json'), JSON.stringify(parsed));

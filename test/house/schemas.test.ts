import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect, it } from 'vitest';
import { root } from './rooms.ts';

/** At run time nobody looks whether our schemas are schemas (src/schema/validate.ts): it takes longer than to use one. */
it('every schema of ours is a valid one', async () => {
  const folder = join(root, 'src/schema');
  const seen: string[] = [];
  for (const file of readdirSync(folder)) {
    const exports = (await import(pathToFileURL(join(folder, file)).href)) as Record<string, unknown>;
    for (const [name, schema] of Object.entries(exports)) {
      if (!name.endsWith('Schema') || typeof schema !== 'object') continue;
      const ajv = new Ajv2020({ discriminator: true, strict: true, strictRequired: false, allowUnionTypes: true });
      formats.default(ajv);
      seen.push(name);
      expect([name, ajv.validateSchema(schema as object), ajv.errorsText()]).toEqual([name, true, 'No errors']);
    }
  }
  expect(seen).toEqual(expect.arrayContaining(['fleetSchema', 'policySchema', 'reportSchema', 'manifestSchema']));
});

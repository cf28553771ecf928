import type { Registry } from '../core/registry.ts';
import { sinks } from '../notify/registry.ts';
import { drivers } from '../replace/registry.ts';

/** Schemas of the documents that people and programs read and write, by what `snowfence schema` calls them. */
export const documents: Registry<object> = {
  report: () => import('../schema/report.ts').then((m) => m.reportSchema),
  policy: () => import('../schema/policy.ts').then((m) => m.policySchema),
  'policy-cases': () => import('../schema/cases.ts').then((m) => m.casesSchema),
  config: () => import('../schema/fleet.ts').then((m) => m.fleetSchema),
  manifest: () => import('../schema/manifest.ts').then((m) => m.manifestSchema),
  plan: () => import('../schema/plan.ts').then((m) => m.planSchema),
};

/** Every schema that a document or a part of one is proved against, by the names in schema/built.ts; the build compiles them (bin/build.mjs). */
export async function allSchemas(): Promise<Record<string, object>> {
  const all: Record<string, object> = {};
  for (const load of Object.values(documents)) {
    const schema: { $id?: string } = await load();
    all[schema.$id ?? ''] = schema;
  }
  for (const [kind, load] of Object.entries(sinks)) all[`sink ${kind}`] = (await load()).settings;
  for (const [name, load] of Object.entries(drivers)) all[`driver ${name}`] = (await load()).settings;
  return all;
}

import { printable } from '../../core/bytes.ts';
import type { InstanceReport, PackageList } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';
import { cut } from '../text.ts';
import { componentsOf } from './packages.ts';

/** How much of a list is known (CycloneDX 1.6, compositions). */
type Aggregate = 'complete' | 'incomplete' | 'unknown';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * CycloneDX 1.6: one bill of materials of the scan, a component for each instance with its packages as they were read from it,
 * not as its image says. How far a list is to be trusted stands in the compositions.
 */
export const cyclonedx: Renderer = {
  format: 'cyclonedx',
  needs: 'packages',
  *render({ scan, instances }, { packagesOf }) {
    const version = printable(scan.scanner.version);
    const head = {
      $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      ...(uuid.test(scan.id) ? { serialNumber: `urn:uuid:${scan.id}` } : {}),
      version: 1,
      metadata: {
        timestamp: scan.finishedAt,
        tools: { components: [{ type: 'application', name: 'snowfence', version }] },
        component: { type: 'platform', name: 'fleet', 'bom-ref': 'fleet', version: printable(scan.id) },
      },
    };
    yield `${JSON.stringify(head).slice(0, -1)},\n"components":[`;
    const known: Record<Aggregate, string[]> = { complete: [], incomplete: [], unknown: [] };
    let count = 0;
    for (const one of instances) {
      const ref = `instance-${count}`;
      const packages = packagesOf?.(one.id);
      known[packages === undefined ? 'unknown' : packages.complete ? 'complete' : 'incomplete'].push(ref);
      yield `${count === 0 ? '\n' : ',\n'}${JSON.stringify(componentOf(one, ref, packages))}`;
      count++;
    }
    const compositions = (Object.keys(known) as Aggregate[])
      .filter((aggregate) => known[aggregate].length > 0)
      .map((aggregate) => ({ aggregate, assemblies: known[aggregate] }));
    yield `\n],\n"compositions":${JSON.stringify(compositions)}}\n`;
  },
};

function componentOf(one: InstanceReport, ref: string, packages: PackageList | undefined): object {
  const { uri, group, verdict, os, image } = one;
  const properties = Object.entries({ uri, group, verdict, image: image.ref, os: os ?? '' }).filter(
    ([, v]) => v !== '',
  );
  return {
    type: 'platform',
    'bom-ref': ref,
    name: cut(printable(one.name), 1000) || 'instance',
    ...(os ? { description: printable(os) } : {}),
    properties: properties.map(([name, value]) => ({ name: `snowfence:${name}`, value: printable(value) })),
    ...(packages ? { components: componentsOf(ref, packages) } : {}),
  };
}

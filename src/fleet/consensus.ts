import { createHash } from 'node:crypto';
import type { Finding } from '../core/finding.ts';
import type { ImageReport } from '../core/report.ts';
import { outliersOf } from './outliers.ts';
import { Skew } from './skew.ts';

/** One judged instance as the fleet sees it, when all have been counted. */
export interface Member {
  id: string;
  image: string;
  /** With their prevalence. Nothing of them is kept. */
  findings: readonly Finding[];
  /** Of the census, in the same order. */
  numbers: Int32Array;
  /** Its verdict is `snowflake`. */
  snowflake: boolean;
  /** When a scan of it saw a finding first, RFC 3339 UTC. */
  firstSeen(finding: Finding): string | undefined;
}

/** Fewest instances of one image among which "most of them" means something. */
const quorum = 3;

/** Do most siblings show it too, among enough of them to say so? */
export function isShared(finding: Finding): boolean {
  const { seen = 1, of = 1 } = finding.prevalence ?? {};
  return of >= quorum && seen > of / 2;
}

interface Opinion {
  siblings: { id: string; live: Int32Array; snowflake: boolean }[];
  /** By number of the census. */
  shared: Map<number, ImageReport['consensus'][number]>;
  clusters: Map<string, ImageReport['clusters'][number]>;
  skew: Skew;
}

/** Per image: what most share, who drifted alike, who stands out and how far. Instances are added one by one. */
export class ImageOpinions {
  readonly #images = new Map<string, Opinion>();

  add({ id, image, findings, numbers, snowflake, firstSeen }: Member): void {
    const of: Opinion = this.#images.get(image) ?? {
      ...{ siblings: [], skew: new Skew() },
      ...{ shared: new Map(), clusters: new Map() },
    };
    this.#images.set(image, of);
    const live = numbers.filter((number) => number >= 0).sort();
    of.siblings.push({ id, live, snowflake });
    for (const [i, finding] of findings.entries()) {
      const number = numbers[i] ?? -1;
      if (number >= 0 && !of.shared.has(number) && isShared(finding)) {
        const { kind, change, subject, prevalence } = finding;
        of.shared.set(number, { kind, change, subject, seen: prevalence?.seen ?? 1, of: prevalence?.of ?? 1 });
      }
      of.skew.add(finding, firstSeen);
    }
    if (live.length === 0) return;
    const key = createHash('sha256').update(live).digest('base64');
    const cluster = of.clusters.get(key) ?? { findings: live.length, instances: [] };
    cluster.instances.push(id);
    of.clusters.set(key, cluster);
  }

  /** Without a recommendation, which is another's. */
  reports(): Omit<ImageReport, 'recommendation'>[] {
    return [...this.#images].map(([image, { siblings, shared, clusters, skew }]) => ({
      image,
      instances: siblings.length,
      consensus: [...shared.values()],
      clusters: [...clusters.values()],
      snowflakes: siblings.filter(({ snowflake }) => snowflake).map(({ id }) => id),
      outliers: outliersOf(siblings, new Set(shared.keys())),
      skew: skew.report(siblings.length),
    }));
  }
}

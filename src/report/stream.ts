import type { InstanceReport, ReportView } from '../core/report.ts';

/** Findings whose text is held at once where instances are told in another order than they come. */
const held = 200_000;

/**
 * Tells the wanted instances in the order wanted, whatever the order in which they come. Where they are made on the fly, some
 * are told in each pass over them, as many as hold `held` findings (`weight`), so that memory stays bounded.
 */
export function* inOrder(
  instances: ReportView['instances'],
  wanted: readonly { index: number; weight: number }[],
  tell: (one: InstanceReport, k: number) => string,
): Iterable<string> {
  const list = Array.isArray(instances) ? (instances as InstanceReport[]) : undefined;
  for (let from = 0; from < wanted.length; ) {
    if (list) {
      const one = list[wanted[from]?.index ?? -1];
      if (one) yield tell(one, from);
      from++;
      continue;
    }
    const places = new Map<number, number>();
    let to = from;
    for (let weight = 0; to < wanted.length && weight < held; to++) {
      weight += (wanted[to]?.weight ?? 0) + 1;
      places.set(wanted[to]?.index ?? -1, to);
    }
    // As bytes: of a string built of many, V8 would keep the parts.
    const told = new Map<number, Buffer>();
    let index = 0;
    for (const one of instances) {
      const place = places.get(index++);
      if (place !== undefined) told.set(place, Buffer.from(tell(one, place)));
      if (told.size === places.size) break;
    }
    for (; from < to; from++) yield told.get(from)?.toString() ?? '';
  }
}

import { printableJson } from '../../core/bytes.ts';
import type { InstanceReport } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';

/** The report as it is: `snowfence.report/v1`, what `JSON.stringify(report, null, 2)` would give, with more characters escaped. */
export const json: Renderer = {
  format: 'json',
  *render(report) {
    let comma = '{\n';
    for (const [key, value] of Object.entries(report)) {
      if (value === undefined) continue;
      yield `${comma}  ${JSON.stringify(key)}: `;
      if (key === 'instances') yield* elements(report.instances);
      else yield indented(value, '  ');
      comma = ',\n';
    }
    yield '\n}\n';
  },
};

function* elements(instances: Iterable<InstanceReport>): Iterable<string> {
  let comma = '[\n    ';
  for (const one of instances) {
    yield `${comma}${indented(one, '    ')}`;
    comma = ',\n    ';
  }
  yield comma.startsWith('[') ? '[]' : '\n  ]';
}

/** JSON further to the right. Text holds no line feed in JSON, so each of them begins a line of ours. */
function indented(value: unknown, by: string): string {
  return printableJson(JSON.stringify(value, null, 2)).replaceAll('\n', `\n${by}`);
}

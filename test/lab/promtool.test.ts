import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { prometheus } from '../../src/report/prometheus/render.ts';
import { allEvil } from '../report/hostile.ts';
import { manyInstances } from '../report/many.ts';
import { cases } from '../report/reports.ts';
import { describeLab } from './require.ts';

describeLab('promtool check metrics', () => {
  const check = (input: string) => {
    const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    return { status, said: `${stderr}${stdout}` };
  };

  it.each(Object.entries({ ...cases, evil: allEvil(), many: manyInstances(1000, 1) }))(
    'takes the metrics of %s',
    (_, report) => {
      expect(check([...prometheus.render(report, { color: false, all: false })].join(''))).toEqual({
        status: 0,
        said: '',
      });
    },
  );

  it('would say so if they were none', () => {
    expect(check('a{b="c} 1\n').status).not.toBe(0);
    expect(check('# TYPE a_total gauge\na_total 1\n').status).not.toBe(0);
  });
}, ['promtool']);

import { expect, it } from 'vitest';
import { parseText } from '../../src/config/document.ts';

it('a text that was right for one reader is proved again for another', () => {
  const text = 'a: 1\nb: 2\n';
  const right = () => [];
  const wrong = () => [{ pointer: '/b', message: 'must not be' }];
  const first = parseText(text, 'one.yaml', 'policy', right);
  expect(first).toEqual({ a: 1, b: 2 });
  expect(parseText(text, 'two.yaml', 'policy', right)).toBe(first);
  expect(() => parseText(text, 'three.yaml', 'policy', wrong)).toThrow('three.yaml:2:4: b must not be');
  expect(parseText('a: 1\nb: 3\n', 'one.yaml', 'policy', right)).toEqual({ a: 1, b: 3 });
});

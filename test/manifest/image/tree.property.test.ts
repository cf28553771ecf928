import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LayerApplier } from '../../../src/manifest/image/apply.ts';
import { Tree } from '../../../src/manifest/image/tree.ts';
import { applyModel, facts, type Op } from './model.ts';

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const mode = fc.constantFrom(0o600, 0o644, 0o755);
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ kind: fc.constant('file' as const), path, mode }),
  fc.record({ kind: fc.constant('directory' as const), path, mode }),
  fc.record({ kind: fc.constant('link' as const), path, target: path }),
  fc.record({ kind: fc.constant('whiteout' as const), path }),
  fc.record({ kind: fc.constant('opaque' as const), path }),
);

it('applying layers is what a simple model says', () => {
  fc.assert(
    fc.property(fc.array(fc.array(op, { maxLength: 12 }), { maxLength: 4 }), (layers) => {
      let model = new Map([['', facts('d', 0o755)]]);
      const tree = new Tree('test');
      for (const [number, ops] of layers.entries()) {
        const applier = new LayerApplier(tree, number, 'test', () => false);
        model = applyModel(model, ops, (done) => applier.take(entryOf(done)));
      }
      expect(listed(tree)).toEqual([...model].map(([at, known]) => `${at} ${known}`).sort());
    }),
    { numRuns: 3000 },
  );
});

function entryOf(op: Op) {
  const cut = op.path.lastIndexOf('/') + 1;
  const whiteout = `${op.path.slice(0, cut)}.wh.${op.path.slice(cut)}`;
  const names = { file: op.path, directory: `${op.path}/`, link: op.path, whiteout, opaque: `${op.path}/.wh..wh..opq` };
  return {
    name: names[op.kind],
    flag: { file: '0', directory: '5', link: '1', whiteout: '0', opaque: '0' }[op.kind],
    mode: 'mode' in op ? op.mode : 0,
    linkname: 'target' in op ? op.target : '',
    uid: 0,
    gid: 0,
    size: 0,
    mtime: 0,
    capability: '',
  };
}

function listed(tree: Tree): string[] {
  const lines: string[] = [];
  const visit = (node: typeof tree.root, at: string) => {
    lines.push(`${at} ${facts(node.facts.type, node.facts.mode)}`);
    for (const [own, child] of node.children ?? []) visit(child, at === '' ? own : `${at}/${own}`);
  };
  visit(tree.root, '');
  return lines.sort();
}

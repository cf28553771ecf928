/** A step of a layer, for the model. */
export type Op =
  | { kind: 'file'; path: string; mode: number }
  | { kind: 'directory'; path: string; mode: number }
  | { kind: 'link'; path: string; target: string }
  | { kind: 'whiteout'; path: string }
  | { kind: 'opaque'; path: string };

/** What the model knows of a path. */
export function facts(type: string, mode: number): string {
  return `${type} ${mode.toString(8)}`;
}

type Paths = Map<string, string>;
const implied = facts('d', 0o755);

/**
 * Applies a layer as one would say it: what the layer has, and of the lower layers what it neither hides nor replaces.
 * A hard link that has no file to link to is left out; `emit` gets the others.
 */
export function applyModel(lower: Paths, ops: Op[], emit: (op: Op) => void): Paths {
  const upper: Paths = new Map();
  const hidden = new Set<string>(); // these paths of lower layers, and all below
  const opaque = new Set<string>(); // all below these
  const visible = (path: string) =>
    [path, ...above(path)].some((at) => hidden.has(at)) || above(path).some((at) => opaque.has(at))
      ? undefined
      : lower.get(path);
  const put = (path: string, known: string) => {
    for (const at of above(path)) {
      if ((upper.get(at) ?? visible(at) ?? 'd').startsWith('d')) continue;
      hidden.add(at);
      upper.set(at, implied);
    }
    if (known.startsWith('d') ? visible(path)?.startsWith('f') : true) hidden.add(path);
    if (!known.startsWith('d')) for (const at of [...upper.keys()]) if (at.startsWith(`${path}/`)) upper.delete(at);
    upper.set(path, known);
  };
  for (const op of ops) {
    if (op.kind === 'link') {
      const known = upper.get(op.target) ?? visible(op.target);
      if (!known?.startsWith('f')) continue;
      emit(op);
      put(op.path, known);
      continue;
    }
    emit(op);
    if (op.kind === 'whiteout') hidden.add(op.path);
    else if (op.kind === 'opaque') opaque.add(op.path);
    else if (op.kind === 'file') put(op.path, facts('f', op.mode));
    else put(op.path, facts('d', op.mode));
  }
  const result: Paths = new Map();
  for (const path of lower.keys()) {
    const known = visible(path);
    if (known) result.set(path, known);
  }
  for (const [path, known] of upper) {
    for (const at of above(path)) if (!upper.has(at) && !result.has(at)) result.set(at, implied);
    result.set(path, known);
  }
  return result;
}

/** The directories above a path, the root (empty) last. */
function above(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, i) => parts.slice(0, parts.length - 1 - i).join('/'));
}

/** A pure function that remembers its last answer: what was not changed is not filtered and sorted again for each frame. */
export function memo<A extends readonly unknown[], R>(compute: (...args: A) => R): (...args: A) => R {
  let last: { args: A; result: R } | undefined;
  return (...args) => {
    const known = last;
    if (known && known.args.length === args.length && known.args.every((one, i) => Object.is(one, args[i])))
      return known.result;
    const result = compute(...args);
    last = { args, result };
    return result;
  };
}

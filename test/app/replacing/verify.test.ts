import { describe, expect, it } from 'vitest';
import { verdictOn } from '../../../src/app/replacing/verify.ts';
import { clean, config, instance, item } from '../../replace/make.ts';

describe('the look at a new instance', () => {
  const planned = item('a');

  it('waits while the old one answers', () => {
    expect(verdictOn(planned, clean('a'), config())).toMatchObject({
      ...{ state: 'later', says: expect.stringContaining('the old instance still answers') },
    });
    expect(verdictOn(planned, clean('a', { identity: 'i-new' }), config())).toMatchObject({ state: 'clean' });
  });

  it('takes the same identity where the driver vouches for a new disk, and still wants it clean', () => {
    const same = { sameIdentity: true };
    expect(verdictOn(planned, clean('a'), config(), same)).toMatchObject({ state: 'clean', identity: 'i-a' });
    expect(verdictOn(planned, instance('a'), config(), same)).toMatchObject({ state: 'bad' });
    expect(verdictOn(planned, clean('a', { image: { ref: 'web:41' } }), config(), same)).toMatchObject({
      state: 'bad',
    });
  });
});

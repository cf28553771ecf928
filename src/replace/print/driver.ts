import type { Driver } from '../../core/replacement.ts';

/** For those who replace by hand: it says what to do, and finds the new instance at the old address. */
export const print: Driver = {
  name: 'print',
  about:
    'does nothing itself: tells a person what to replace, and waits until a new instance answers at the old address',
  settings: { type: 'object', additionalProperties: false, properties: {} },
  plan: ({ name, image }) => ({
    calls: [`a person launches a new instance of ${image.ref} in the place of ${name}, and retires the old one`],
  }),
  open: async () => ({
    start: async ({ key }) => key,
    poll: async (_, { target }) => ({
      state: 'done',
      detail: 'whether somebody did it, the look at the instance tells',
      successor: { uri: target.uri },
    }),
    close: async () => {},
  }),
};

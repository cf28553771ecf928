import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { AnswerBudget } from '../../src/app/budget.ts';
import type { Answer } from '../../src/core/ports.ts';
import { collectAnswer } from '../../src/transport/answer.ts';
import { calm, wide } from '../transport/contract.ts';

const MiB = 2 ** 20;
const chunk = Buffer.alloc(65_536, 'x');

/** One host that sends `bytes` as fast as it may; with `hold`, its answer is kept until that is done. */
async function send(budget: AnswerBudget, bytes: number, done: (answer: Answer) => void, hold?: Promise<void>) {
  const claim = await budget.enter();
  let stopped = false;
  const collector = collectAnswer({
    limits: { ...wide, maxBytes: 256 * MiB, claim },
    deadline: performance.now() + 60_000,
    signal: calm,
    stop: () => {
      stopped = true;
      collector.finish('cut', null);
    },
  });
  for (let sent = 0; sent < bytes && !stopped; sent += chunk.length) {
    collector.stdout(chunk);
    await turn();
  }
  collector.finish('exit', 0);
  done(await collector.answer);
  await hold;
  claim.leave();
}

it('fifty hosts that send 256 MiB each take no more than the budget; fifty small ones beside them lose nothing', async () => {
  const budget = new AnswerBudget(64 * MiB, 100);
  const before = process.memoryUsage().rss;
  let most = 0;
  const answers: { evil: boolean; ended: Answer['ended']; length: number }[] = [];
  const host = (evil: boolean) =>
    send(budget, evil ? 256 * MiB : MiB / 2, ({ ended, stdout }) => {
      answers.push({ evil, ended, length: stdout.length });
      most = Math.max(most, process.memoryUsage().rss);
    });
  await Promise.all(Array.from({ length: 100 }, (_, i) => host(i % 2 === 0)));
  expect(answers.filter(({ evil }) => !evil)).toEqual(
    Array.from({ length: 50 }, () => ({ evil: false, ended: 'exit', length: MiB / 2 })),
  );
  expect(answers.filter(({ evil, ended }) => evil && ended === 'exit')).toEqual([]);
  expect(budget.held.most).toBeLessThanOrEqual(64 * MiB);
  expect(budget.held.now).toBe(0);
  expect(most - before).toBeLessThan(600 * MiB);
}, 60_000);

it('one alone may have more than its share', async () => {
  const budget = new AnswerBudget(64 * MiB, 16);
  let answer: Answer | undefined;
  await send(budget, 40 * MiB, (one) => {
    answer = one;
  });
  expect([answer?.ended, answer?.stdout.length]).toEqual(['exit', 40 * MiB]);
});

it('who begins while all is taken waits until something is given back', async () => {
  const budget = new AnswerBudget(4 * MiB, 4);
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  const order: string[] = [];
  const large = send(budget, 4 * MiB, () => order.push('large is read'), hold);
  await expect.poll(() => order).toEqual(['large is read']);
  const small = send(budget, MiB, () => order.push('small is read'));
  for (let i = 0; i < 50; i++) await turn();
  expect(order).toEqual(['large is read']);
  release();
  await Promise.all([large, small]);
  expect(order).toEqual(['large is read', 'small is read']);
});

it('what is cut keeps its beginning, and is no more than its share', async () => {
  const budget = new AnswerBudget(8 * MiB, 4);
  const ended: Answer[] = [];
  await Promise.all(Array.from({ length: 4 }, () => send(budget, 100 * MiB, (answer) => ended.push(answer))));
  // The last one has the whole budget for itself, and even that is not enough.
  for (const { ended: how, stdout } of ended) {
    expect(how).toBe('memory');
    expect(stdout.length).toBeGreaterThanOrEqual(2 * MiB);
  }
});

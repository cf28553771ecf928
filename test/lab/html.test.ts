import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ScanRow } from '../../src/core/ports.ts';
import type { ReportView } from '../../src/core/report.ts';
import { html } from '../../src/report/html/render.ts';
import { junit } from '../../src/report/junit/render.ts';
import { allEvil, evil } from '../report/hostile.ts';
import { manyInstances } from '../report/many.ts';
import { cases } from '../report/reports.ts';
import { Browser } from './browser.ts';
import { describeLab } from './require.ts';

const place = mkdtempSync(join(tmpdir(), 'snowfence-html-'));

/** Writes a report as a page. */
function page(name: string, report: ReportView, history: ScanRow[] = []): string {
  const path = join(place, `${name}.html`);
  writeFileSync(path, [...html.render(report, { color: false, all: true, history })].join(''));
  return path;
}

const cells = `document.querySelectorAll('#map button').length`;
const shown = `document.querySelectorAll('details.one').length`;
const count = `document.getElementById('count').textContent`;

describeLab('the HTML report in chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await Browser.start();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(place, { recursive: true, force: true });
  });

  it('of hostile names shows them as text, runs none of them and asks nobody', async () => {
    const report = allEvil();
    await browser.open(page('evil', report));
    await browser.until(`${cells} === ${report.instances.length}`);
    // Everything that can be opened is opened.
    await browser.value(`for (const e of document.querySelectorAll('details.one')) e.open = true`);
    await browser.until(`document.querySelectorAll('details.finding').length >= ${evil.length * 20}`);
    await browser.value(`for (const e of document.querySelectorAll('details')) e.open = true`);
    await browser.until(`document.querySelectorAll('pre.diff').length >= ${evil.length * 20}`);
    expect(await browser.value('document.title')).toMatch(/^snowfence, scan /);
    expect(await browser.value(`document.querySelectorAll('img, a, iframe, form:not(#filters)').length`)).toBe(0);
    expect(await browser.value(`document.body.textContent.includes('<img src=x onerror=')`)).toBe(true);
    expect(browser.requests).toEqual([expect.stringMatching(/^file:.*evil\.html$/)]);
    expect(browser.complaints).toEqual([]);
  });

  it('has a policy that stops what would get into it all the same', async () => {
    await browser.open(page('evil', allEvil()));
    await browser.value(
      `{ const s = document.createElement('script'); try { s.text = 'document.title = "owned"'; } catch {} document.body.append(s); }`,
    );
    await browser.value(`try { document.body.innerHTML += '<img src=x onerror="document.title=1">'; } catch {}`);
    await browser.value(`{ const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i); }`);
    await browser.until(`document.querySelector('img') !== null`);
    expect(await browser.value('document.title')).toMatch(/^snowfence, scan /);
    expect(browser.complaints.join('\n')).toMatch(/Content Security Policy/);
  });

  it('finds by typing, filters, opens what was found, and shows the history', async () => {
    const report = cases['odd'];
    if (!report) throw new Error('no report');
    const row = { finishedAt: '', instances: 3, worst: 'high', partial: false };
    const history = [2, 1, 0].map((n) => ({
      ...row,
      id: String(n),
      startedAt: `2026-01-0${n + 1}T00:00:00.000Z`,
      findings: n * 4,
    }));
    await browser.open(page('odd', report, history));
    await browser.until(`${shown} === 3`);
    expect(await browser.value(`document.querySelectorAll('.chart circle.findings').length`)).toBe(3);
    await browser.send('Input.dispatchKeyEvent', { type: 'keyDown', key: '/', text: '/' });
    await browser.type('app.conf');
    await browser.until(`${count} === '1 of 3 instances'`);
    await browser.until(`document.querySelectorAll('details.finding').length > 0`);
    await browser.value(
      `[...document.querySelectorAll('details.finding')].find((e) => e.textContent.includes('app.conf')).open = true`,
    );
    await browser.until(`document.querySelector('.diff .add')?.textContent === '+workers = 8'`);
    await browser.value(`document.querySelector('#filters button[type=reset]').click()`);
    await browser.until(`${count} === '3 of 3 instances'`);
    await browser.value(`document.querySelector('#verdicts input[value=unreachable]').click()`);
    await browser.until(`${count} === '1 of 3 instances'`);
    expect(await browser.value(`document.querySelector('details.one .name').textContent`)).toBe('db-1');
    await browser.value(`document.querySelectorAll('#map button')[0].click()`);
    await browser.until(
      `document.querySelector('details.one')?.open && document.querySelector('details.one .name').textContent === 'web-2'`,
    );
    expect(browser.complaints).toEqual([]);
  });

  it('reads the JUnit report of hostile names as XML', async () => {
    const xml = [...junit.render(allEvil(), { color: false, all: true })].join('');
    await browser.send('Page.navigate', { url: 'about:blank' });
    await browser.until(`location.href === 'about:blank'`);
    const among = (text: string, name: string) =>
      `new DOMParser().parseFromString(${JSON.stringify(text)}, 'application/xml').querySelectorAll('${name}').length`;
    expect(await browser.value(among(xml, 'parsererror'))).toBe(0);
    expect(await browser.value(among(xml, 'failure'))).toBe(evil.length ** 2);
    expect(await browser.value(among('<a>', 'parsererror'))).toBe(1);
  });

  it('of ten thousand instances opens, and finds one of them', async () => {
    await browser.open(page('many', manyInstances(10_000, 50)));
    await browser.until(`${cells} === 10000`);
    expect(await browser.value(shown)).toBe(50);
    await browser.value(`document.getElementById('search').focus()`);
    await browser.type('web-7345');
    await browser.until(`${count} === '1 of 10000 instances'`);
    expect(await browser.value(`document.querySelector('details.one .name').textContent`)).toBe('web-7345');
  });
}, ['chromium']);

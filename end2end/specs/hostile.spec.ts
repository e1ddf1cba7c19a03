//! Lines, names and parameters that want to become a program. None does.
import { type Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { payloads } from '../support/payloads';

/** Counts calls of `pwned` and elements that no page of ours has. */
async function arm(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const page = window as unknown as { pwnedCalls: number; pwned(): void };
    page.pwnedCalls = 0;
    page.pwned = () => (page.pwnedCalls += 1);
  });
}

async function expectHarmless(page: Page, where: string): Promise<void> {
  const found = await page.evaluate(() => ({
    calls: (window as unknown as { pwnedCalls: number }).pwnedCalls,
    alien: [...document.querySelectorAll('iframe, object, embed, base, meta[http-equiv=refresh], marquee, video, audio, math, a[href^="javascript:" i], a[href^="data:" i], img[src="x"]')].map((element) => element.outerHTML),
    handlers: [...document.querySelectorAll('*')].filter((element) => element.getAttributeNames().some((name) => name.startsWith('on'))).map((element) => element.outerHTML),
  }));
  expect(found, where).toEqual({ calls: 0, alien: [], handlers: [] });
}

test('300 payloads in lines stay text, in the first screen and live', async ({ page, viewer, logs }) => {
  const all = payloads();
  expect(all.length).toBeGreaterThanOrEqual(300);
  await arm(page);
  const log = logs.file('hostile.log', `${all.join('\n')}\n`);
  // Every one is once in the HTML of the server, which shows a screen at a time, and once in a live row.
  const lines = all.join('\n').split('\n').length;
  for (let line = 1; line <= lines; line += 25) {
    await viewer.open(log.link, `?at=line:${line}`);
    await expect.poll(async () => (await viewer.rows()).some((row) => row.line === line)).toBe(true);
    await expectHarmless(page, `first screen and rows at line ${line}`);
  }
  await viewer.press('Shift+F');
  for (let from = 0; from < all.length; from += 20) {
    log.append(`${all.slice(from, from + 20).join('\n')}\nbatch ${from}\n`);
    await viewer.endsWith(`batch ${from}`);
    await expectHarmless(page, `live rows after batch ${from}`);
  }
});

test('payloads in file names stay text, in lists, titles and addresses', async ({ page, viewer, logs, shared }) => {
  await arm(page);
  // A name has no slash and no NUL, and at most 255 bytes.
  const names = payloads().filter((text) => !/[/\0\n]/.test(text) && Buffer.byteLength(text) < 200).slice(0, 120);
  expect(names.length).toBeGreaterThan(60);
  const files = names.map((name) => logs.file(name, 'a harmless line\n'));
  await page.goto(shared.origin);
  for (const name of logs.link.split('/')) await page.getByRole('link', { name: new RegExp(`^${name}`) }).first().click();
  await expect(page.getByRole('link', { name: /pwned/ }).first()).toBeVisible();
  await expectHarmless(page, 'the list of files');
  for (const file of files.filter((_, index) => index % 8 === 0)) {
    await viewer.open(file.link);
    await viewer.sees('a harmless line');
    await expectHarmless(page, file.link);
  }
});

test('payloads in parameters stay text', async ({ page, viewer, logs }) => {
  await arm(page);
  const log = logs.numbered('app.log', 50);
  const keys = ['at', 'q', 'find', 'lvl', 'from', 'wrap', 'tz', 'fid', 'v', 'other'];
  for (const [index, text] of payloads().filter((_, index) => index % 9 === 0).entries()) {
    const key = keys[index % keys.length];
    await viewer.page.goto(`${viewer.origin}/v/${log.link}?${key}=${encodeURIComponent(text)}#${encodeURIComponent(text)}`);
    await viewer.runs();
    // A filter hides the lines, or is wrong.
    if (key !== 'q') await viewer.sees('line 50');
    await expectHarmless(page, `${key}=${text}`);
  }
});

test('payloads that are filtered for and found stay text, in boxes, errors and marks', async ({ page, viewer, logs }) => {
  await arm(page);
  // One line each, and nothing that a box of one line would change.
  const texts = payloads().filter((text, index) => index % 11 === 0 && !/[\0-\x1f\u2028\u2029]/.test(text));
  expect(texts.length).toBeGreaterThan(15);
  const log = logs.file('hostile.log', `${texts.map((text, index) => `${index} ${text}`).join('\n')}\n`);
  await viewer.open(log.link);
  for (const [index, text] of texts.entries()) {
    const phrase = `"${text.replace(/[\\"]/g, '\\$&')}"`;
    await viewer.filterBox.fill(phrase);
    await expect(viewer.lineCount, text).toHaveText(/^showing [1-9]/);
    await viewer.findBox.fill(text.startsWith('/') || text.startsWith('"') ? phrase : text);
    await expect.poll(async () => (await viewer.marked()).length, { message: `marks of ${text}` }).toBeGreaterThan(0);
    await expectHarmless(page, `filtered for ${text}`);
    await viewer.filterBox.fill(`/(${text}`);
    await viewer.filterBox.fill(`/(/ ${text}`);
    await viewer.boxError(viewer.filterBox);
    await expectHarmless(page, `an error about ${text}`);
    if (index % 5 === 0) {
      await viewer.open(log.link, `?find=${encodeURIComponent(text)}&q=${encodeURIComponent(phrase)}`);
      await expectHarmless(page, `a link with ${text}`);
    }
  }
});

test('payloads in paths that do not exist stay text', async ({ page, viewer, complaints }) => {
  complaints.expect(/404/);
  await arm(page);
  for (const text of payloads().filter((_, index) => index % 12 === 0)) {
    const response = await page.goto(`${viewer.origin}/v/logs/${encodeURIComponent(text)}`);
    expect(response?.status(), text).toBe(404);
    await expectHarmless(page, text);
  }
});

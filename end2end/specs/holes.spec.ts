//! Bytes that nobody wrote: what a file has where it was cut under a writer that does not append, or made longer.
import { copyFileSync, closeSync, openSync, statSync, truncateSync, writeSync } from 'node:fs';
import { expect, numbered, test } from '../support/fixtures';

const EMPTY = /^⟨[\d,]+ empty bytes⟩/;

test('copytruncate under a writer that does not append leaves one row of empty bytes before the next line', async ({ viewer, logs }) => {
  const log = logs.file('app.log');
  // A handle with a place of its own, as of a program that was started with `> app.log`.
  const writer = openSync(log.path, 'r+');
  let at = 0;
  const write = (text: string) => (at += writeSync(writer, text, at));
  write(numbered(1, 12_000));
  await viewer.open(log.link);
  await viewer.endsWith('line 12000');
  const written = at;
  expect(written, 'more than a line is sent of').toBeGreaterThan(100_000);
  copyFileSync(log.path, `${log.path}.1`);
  truncateSync(log.path, 0);
  await expect(viewer.state).toHaveText(/^live · truncated/);
  write('after the cut\nand on\n');
  closeSync(writer);
  expect(statSync(log.path).size).toBe(at);
  await viewer.endsWith('and on');
  const hole = `⟨${written.toLocaleString('en')} empty bytes⟩`;
  await viewer.sees(`${hole} after the cut`);
  expect((await viewer.texts()).filter((text) => EMPTY.test(text)), 'rows with empty bytes').toHaveLength(1);
  await viewer.divides(/^truncated at/);

  // In the first screen too, and in what is found and filtered.
  await viewer.open(log.link, '?at=start');
  await viewer.sees(`${hole} after the cut`);
  await viewer.find('after the');
  await expect(viewer.matchCount).toHaveText('1 of 1');
  await expect.poll(() => viewer.marked()).toEqual([{ hit: 'after the', row: `${hole} after the cut` }]);
  await viewer.filter('cut');
  await expect.poll(() => viewer.texts()).toEqual([`${hole} after the cut`]);
  await expect.poll(async () => (await viewer.marked()).map(({ hit }) => hit)).toContain('cut');
});

test('a hole of a gigabyte is one row, is passed quickly, and grows in its place', async ({ viewer, logs }) => {
  const log = logs.numbered('sparse.log', 30);
  const start = statSync(log.path).size;
  const GIGABYTE = 1_000_000_000;
  log.stretch(start + GIGABYTE);
  await viewer.open(log.link);
  await viewer.endsWith('⟨1,000,000,000 empty bytes⟩');
  await expect(viewer.state, 'nothing is on its way').toHaveText(/^live/);
  log.stretch(start + GIGABYTE + 4096);
  await viewer.endsWith('⟨1,000,004,096 empty bytes⟩');
  log.append('at last\nnext\n');
  await viewer.endsWith('next');
  expect((await viewer.texts()).slice(-3)).toEqual(['line 30', '⟨1,000,004,096 empty bytes⟩ at last', 'next']);
  await viewer.press('g', 'g');
  await viewer.beginsWith('line 1');
  await viewer.press('Shift+G');
  await viewer.endsWith('next');
  await viewer.goTo(`byte ${start + 500_000_000}`);
  await viewer.sees('⟨1,000,004,096 empty bytes⟩ at last');
});

test.describe('without a program', () => {
  test.use({ javaScriptEnabled: false, audited: false });

  test('empty bytes are one row of the HTML', async ({ page, logs, shared }) => {
    const log = logs.file('sparse.log');
    log.stretch(100_001);
    log.append('after the hole\n');
    const response = await page.goto(`${shared.origin}/v/${log.link}`);
    await expect(page.getByRole('grid', { name: 'Log lines' }).getByRole('row')).toHaveCount(1);
    await expect(page.getByText('⟨100,001 empty bytes⟩ after the hole')).toBeVisible();
    expect((await response?.body())?.length, 'bytes of HTML').toBeLessThan(60_000);
  });
});

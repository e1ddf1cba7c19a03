//! Marks on the scrollbar: where hits, shown lines and levels are, and a click on one goes there.
import { type Page } from '@playwright/test';
import { expect, fileOf, test, told } from '../support/fixtures';

const LINES = told(20_000).map((line) => ({ ...line, text: line.line === 5_003 || line.line === 15_003 ? `${line.text} needle` : line.text }));

/** Where the marks of a kind are, in shares of the scrollbar's height. */
async function marks(page: Page, kind: string): Promise<number[]> {
  const path = await page.locator(`#mark-${kind}`).getAttribute('d');
  return [...(path ?? '').matchAll(/M\d+ (\d+)h/g)].map(([, y]) => Number(y) / 10_000);
}

/** Where a line is, as a share of the file's bytes. */
function share(line: number): number {
  const before = fileOf(LINES.slice(0, line - 1)).length;
  return before / fileOf(LINES).length;
}

test('hits are marked where they are, and a click on one goes there', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link);
  expect(await marks(page, 'found'), 'nothing is looked for').toEqual([]);
  await viewer.findBox.fill('needle');
  await expect.poll(async () => (await marks(page, 'found')).length).toBe(2);
  const found = await marks(page, 'found');
  for (const [nth, line] of [5_003, 15_003].entries()) expect(Math.abs(found[nth] - share(line)), `line ${line}`).toBeLessThan(0.01);
  const box = await viewer.scrollbar.boundingBox();
  if (!box) throw new Error('no scrollbar');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height * found[0] + 1);
  await expect.poll(async () => Math.abs(((await viewer.rows())[0]?.line ?? 0) - 5_003), { message: 'lines from the mark' }).toBeLessThan(200);
  await expect(viewer.scrollbar.locator('svg'), 'n and N say the same').toHaveAttribute('aria-hidden', 'true');

  await viewer.findBox.fill('');
  await expect.poll(() => marks(page, 'found')).toEqual([]);
});

test('levels are marked while they are looked at, the worst of each place, and shown lines of a filter', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link);
  await page.getByRole('button', { name: 'Levels', exact: true }).click();
  await expect.poll(async () => (await marks(page, 'fatal')).length, { message: 'one every thousand lines' }).toBe(20);
  const fatal = await marks(page, 'fatal');
  for (const [nth, at] of fatal.entries()) expect(Math.abs(at - share((nth + 1) * 1_000)), `fatal ${nth}`).toBeLessThan(0.01);
  await expect.poll(async () => (await marks(page, 'error')).length).toBeGreaterThan(20);
  expect(await marks(page, 'shown'), 'all lines are shown').toEqual([]);
  await viewer.filter('needle');
  await expect.poll(async () => (await marks(page, 'shown')).length).toBe(2);
  expect(await page.evaluate(() => document.querySelectorAll('.marks *').length)).toBeLessThan(10);

  // The file goes on: all that was there moves up.
  log.append(fileOf(told(20_000)));
  await expect.poll(async () => Math.abs((await marks(page, 'shown'))[1] - share(15_003) / 2)).toBeLessThan(0.01);
  // Another file has the name: nothing of the old one is marked.
  log.rotate();
  log.append('a needle\n');
  await expect.poll(() => marks(page, 'fatal')).toEqual([]);
  await expect.poll(() => marks(page, 'shown')).toEqual([0]);
});

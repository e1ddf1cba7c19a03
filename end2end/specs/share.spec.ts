//! The view is the link: sharing a place, and addresses typed by hand.
import { expect, numbered, test } from '../support/fixtures';

test('a link to a line opens at that line in a fresh browser', async ({ viewer, logs, newBrowser }) => {
  const log = logs.numbered('app.log', 5000);
  await viewer.open(log.link, '?at=line:2345');
  await viewer.sees('line 2345');
  await viewer.select(2345);
  const link = await viewer.copiedLink();
  expect(link).toContain('/v/');
  log.appendLines(10);

  const other = await newBrowser();
  await other.page.goto(link);
  await other.runs();
  const row = await other.sees('line 2345');
  expect(row.offset).toBe(numbered(1, 2344).length);
  await expect(other.row(2345)).toHaveAttribute('aria-selected', 'true');
  await expect(other.follow).toHaveAttribute('aria-pressed', 'false');
});

test('a range of lines is selected with Shift and travels in the link', async ({ page, viewer, logs, newBrowser }) => {
  const log = logs.numbered('app.log', 300);
  await viewer.open(log.link, '?at=line:120');
  await viewer.select(122);
  await viewer.row(126).getByRole('gridcell').first().click({ modifiers: ['Shift'] });
  await expect(page).toHaveURL(/at=line:122-126/);
  const link = await viewer.copiedLink();
  const other = await newBrowser();
  await other.page.goto(link);
  await other.runs();
  await other.sees('line 124');
  await expect(other.grid.locator('[role=row][aria-selected=true]:visible')).toHaveCount(5);
});

test('a link names the line that the keyboard is on', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 300);
  await viewer.open(log.link, '?find=line%20250');
  await viewer.endsWith('line 300');
  await viewer.press('g', 'g', 'n');
  await viewer.sees('line 250');
  await viewer.press('j', 'j');
  expect(await viewer.copiedLink()).toContain('at=line:252&');
});

test('the address always is what is shown', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 300);
  await viewer.open(log.link);
  expect(new URL(page.url()).search, 'defaults are left out').toBe('');
  await viewer.wrap.click();
  await expect(page).toHaveURL(/[?&]wrap=1/);
  await viewer.goTo('50');
  await viewer.sees('line 50');
  await expect(page).toHaveURL(/[?&]at=line:50/);
  await page.reload();
  await viewer.runs();
  await viewer.sees('line 50');
  await expect(viewer.wrap).toHaveAttribute('aria-pressed', 'true');
});

for (const [typed, text] of [
  ['#L120', 'line 120'],
  ['#L120-L130', 'line 120'],
  ['#B0', 'line 1'],
  ['?at=start', 'line 1'],
  ['?at=end', 'line 400'],
  ['?at=byte:0', 'line 1'],
  ['?at=line:399&unknown=kept', 'line 399'],
]) {
  test(`the address ending in ${typed} opens at "${text}"`, async ({ page, viewer, logs }) => {
    const log = logs.numbered('app.log', 400);
    await viewer.open(log.link, typed);
    await viewer.sees(text);
    await expect.poll(() => new URL(page.url()).hash, { message: 'a fragment is rewritten' }).toBe('');
  });
}

test('a link past the end says so, and shows the last lines', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 400);
  const said = page.getByRole('status', { name: 'Message' });
  for (const [params, text] of [
    ['?at=line:99999', 'Line 99,999'],
    ['?at=byte:99999', 'Byte 99,999'],
  ]) {
    // Side by side: it is said for a few seconds only.
    const isSaid = expect(said).toHaveText(`${text} is past the end: these are the last lines`);
    await Promise.all([viewer.open(log.link, params), isSaid]);
    await viewer.endsWith('line 400');
  }
  await viewer.open(log.link, '?at=start');
  await viewer.press('5', '0', '0', 'G');
  await expect(said).toHaveText('Line 500 is past the end: these are the last lines');
});

test('the address leaves the line of a link with the screen', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 400);
  await viewer.open(log.link, '?at=line:250');
  await viewer.sees('line 250');
  await viewer.press('b');
  await expect(page).toHaveURL(/at=byte:\d+/);
});

test('all that is wrong in a link is told', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 400);
  const said = page.getByRole('status', { name: 'Message' });
  const texts = ["'ctx=x'", "'lvl=loud'", "'wrap=7'", 'Line 999 is past the end'];
  const areSaid = texts.map((text) => expect(said).toContainText(text));
  await Promise.all([viewer.open(log.link, '?ctx=x&lvl=loud&wrap=7&at=line:999'), ...areSaid]);
});

test('a place goes by line, by percent and by byte', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 3000);
  await viewer.open(log.link);
  await viewer.goTo('1200');
  await viewer.sees('line 1200');
  await viewer.goTo('byte 0');
  await viewer.beginsWith('line 1');
  await viewer.goTo('50%');
  // Half of the bytes, not of the lines: the first lines are shorter.
  const half = numbered(1, 3000).length / 2;
  await expect
    .poll(async () => {
      const rows = await viewer.rows();
      return rows.length > 0 && rows[0].offset <= half && rows[rows.length - 1].offset >= half - 10;
    })
    .toBe(true);
  await expect.poll(async () => Number(await viewer.scrollbar.getAttribute('aria-valuenow'))).toBeGreaterThan(45);
  expect(Number(await viewer.scrollbar.getAttribute('aria-valuenow'))).toBeLessThan(55);
  await viewer.goTo('end');
  await viewer.endsWith('line 3000');
});

test('a place that is none is told without leaving the prompt', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 30);
  await viewer.open(log.link);
  await viewer.press(':');
  const said = page.getByRole('dialog').getByRole('status');
  const hint = await said.innerText();
  await page.keyboard.type('somewhere');
  await page.keyboard.press('Enter');
  await expect(said).not.toHaveText(hint);
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('the file can be downloaded as it is', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 30);
  await viewer.open(log.link);
  const [download] = await Promise.all([page.waitForEvent('download'), viewer.download.click()]);
  const stream = await download.createReadStream();
  let text = '';
  for await (const part of stream) text += part;
  expect(text).toBe(numbered(1, 30));
  expect(download.suggestedFilename()).toBe('app.log');
});

//! Times: going to one, by the prompt and by a link; and the lines from when to when.
import { type Page } from '@playwright/test';
import { expect, fileOf, test, told } from '../support/fixtures';

const LINES = told(6_000);

/** The lines of a log from the second `from` to before the second `to`: one without a time is of the time above it. */
function between(from: number, to: number) {
  return LINES.filter(({ line, level }) => {
    const second = level === null ? line - 2 : line - 1;
    return second >= from && second < to;
  });
}

function param(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name);
}

test('the prompt goes to a time, says how far off the line is, and the link stays right', async ({ page, viewer, logs }) => {
  // Four minutes without a line.
  const gap = LINES.filter(({ line }) => line <= 3_000 || line > 3_240);
  const log = logs.file('app.log', fileOf(gap));
  await viewer.open(log.link);
  const told = page.getByRole('status', { name: 'Message' });
  await viewer.goTo('2026-11-22 08:30:00');
  await viewer.sees('2026-11-22 08:30:00 INFO request 1801');
  await expect.poll(() => viewer.cursorText()).toBe('2026-11-22 08:30:00 INFO request 1801');
  await expect.poll(() => param(page, 'at')).toBe('time:2026-11-22T08:30:00Z');
  await expect(viewer.follow).toHaveAttribute('aria-pressed', 'false');

  await viewer.goTo('2026-11-22T09:51:00+01:00');
  await expect(told).toHaveText('The next line is 3 min later');
  await viewer.sees('2026-11-22 08:54:00 INFO request 3241');
  await expect.poll(() => param(page, 'at')).toBe('time:2026-11-22T08:51:00Z');

  // All of the log is long ago.
  await viewer.goTo('-15m');
  await expect(told).toHaveText(/^The last line is [\d,]+ d( \d+ h)? earlier$/);
  await viewer.sees(gap[gap.length - 1].text);
  await expect.poll(() => param(page, 'at')).toMatch(/^time:\d{4}-\d\d-\d\dT[\d:.]+Z$/);

  await page.goBack();
  await viewer.sees('2026-11-22 08:54:00 INFO request 3241');
  await page.goBack();
  await viewer.sees('2026-11-22 08:30:00 INFO request 1801');
});

test('what is no time is told in the prompt', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link);
  const prompt = page.getByRole('dialog', { name: 'Go to' });
  for (const text of ['25:00', 'yesterday 3pm', '22/Nov/2026']) {
    await viewer.goTo(text);
    await expect(prompt.getByRole('status')).toContainText('expected a time');
    await page.keyboard.press('Escape');
    await expect(prompt).toBeHidden();
  }
});

test('a link names a time: in the first screen, in the address, and typed behind a #', async ({ page, browser, viewer, logs, shared }) => {
  const log = logs.file('app.log', fileOf(LINES));
  const still = await browser.newContext({ javaScriptEnabled: false });
  const plain = await still.newPage();
  await plain.goto(`${shared.origin}/v/${log.link}?at=time:2026-11-22T09:00:00Z`);
  const rows = plain.getByRole('grid', { name: 'Log lines' }).getByRole('row');
  await expect(rows.filter({ hasText: '2026-11-22 09:00:00' })).toBeVisible();
  await expect(rows.filter({ hasText: '2026-11-22 08:50:00' })).toHaveCount(0);
  await still.close();

  // Side by side: it is said for a few seconds only.
  const isSaid = expect(page.getByRole('status', { name: 'Message' })).toHaveText('The next line is 750 ms later');
  await Promise.all([viewer.open(log.link, '?at=time:2026-11-22T09:00:00.250Z'), isSaid]);
  await viewer.sees('2026-11-22 09:00:01 INFO request 3602');
  await expect.poll(() => viewer.cursorText()).toBe('2026-11-22 09:00:01 INFO request 3602');

  await page.goto(`${shared.origin}/v/${log.link}#T2026-11-22T08:10:00Z`);
  await viewer.runs();
  await viewer.sees('2026-11-22 08:10:00 INFO request 601');
  await expect.poll(() => param(page, 'at')).toBe('time:2026-11-22T08:10:00Z');
  await expect(page).not.toHaveURL(/#/);
});

test('from and to show the lines between, and lines without a time go with the one above', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link);
  await page.getByRole('button', { name: 'Levels', exact: true }).click();
  const from = page.getByRole('searchbox', { name: 'From' });
  const to = page.getByRole('searchbox', { name: 'To', exact: true });
  await from.fill('2026-11-22 08:20:03');
  await viewer.showsLastOf(between(1_203, Infinity));
  await expect.poll(() => param(page, 'from')).toBe('2026-11-22 08:20:03');
  await to.fill('2026-11-22T08:21:00Z');
  await to.press('Enter');
  await viewer.showsLastOf(between(1_203, 1_260));
  await expect(viewer.lineCount).toHaveText('showing 57 of 6,000');
  await expect(page.getByRole('group', { name: 'Terms of the filter' })).toContainText('to 2026-11-22T08:21:00Z');

  await from.fill('soon');
  await expect(from).toHaveAttribute('aria-invalid', 'true');
  expect((await viewer.boxError(from)).message).toContain("'from' is no time");
  await expect(viewer.lineCount, 'what was right stays in force').toHaveText('showing 57 of 6,000');
  await from.press('Escape');
  await expect(from).toHaveValue('2026-11-22 08:20:03');

  await page.getByRole('button', { name: 'Remove from 2026-11-22 08:20:03' }).click();
  await expect(from).toHaveValue('');
  await viewer.showsLastOf(between(0, 1_260));
  await page.goBack();
  await expect(viewer.lineCount).toHaveText('showing 57 of 6,000');
  await expect(from).toHaveValue('2026-11-22 08:20:03');
  await page.getByRole('button', { name: 'Clear filter' }).click();
  await viewer.showsLastOf(LINES);
});

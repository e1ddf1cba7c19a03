//! Levels: counted while somebody looks at them, chosen one by one, in the link, and named where they hide every line.
import { type Page } from '@playwright/test';
import { expect, fileOf, test, told } from '../support/fixtures';

const LINES = told(6_000);
const of = (...levels: (string | null)[]) => LINES.filter(({ level }) => levels.includes(level));
const count = (level: string | null) => of(level).length.toLocaleString('en');

function chip(page: Page, name: string) {
  return page.getByRole('group', { name: 'Levels' }).getByRole('button', { name: new RegExp(`^${name}( [\\d,]+\\+?)?$`) });
}

function param(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name);
}

test('the button opens the levels with their counts, and a click hides and shows one', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link);
  const levels = page.getByRole('button', { name: 'Levels', exact: true });
  await expect(levels).toHaveAttribute('aria-pressed', 'false');
  await expect(chip(page, 'Error')).toBeHidden();
  await levels.click();
  await expect(levels).toHaveAttribute('aria-pressed', 'true');
  for (const [name, level] of [['Fatal', 'fatal'], ['Error', 'error'], ['Warn', 'warn'], ['Info', 'info'], ['Debug', 'debug'], ['Trace', 'trace'], ['Unknown', null]] as const) {
    await expect(chip(page, name), name).toHaveText(`${name} ${count(level)}`);
    await expect(chip(page, name), name).toHaveAttribute('aria-pressed', 'true');
  }
  await chip(page, 'Info').click();
  await expect(chip(page, 'Info')).toHaveAttribute('aria-pressed', 'false');
  await viewer.showsLastOf(of('fatal', 'error', 'warn', null));
  await expect.poll(() => param(page, 'lvl')).toBe('fatal,error,warn,debug,trace,unknown');

  // Counts go on with the file.
  log.append('2026-11-22 12:00:00 ERROR one more\n');
  await expect(chip(page, 'Error')).toHaveText(`Error ${of('error').length + 1}`);
  await viewer.endsWith('2026-11-22 12:00:00 ERROR one more');

  await chip(page, 'Info').click();
  await expect(viewer.lineCount).toHaveText('6,001 lines');
  await page.goBack();
  await expect(chip(page, 'Info')).toHaveAttribute('aria-pressed', 'false');
  await levels.click();
  await expect(chip(page, 'Info')).toBeHidden();
  await expect(page.getByRole('group', { name: 'Terms of the filter' }), 'what hides lines is seen').toContainText('level fatal, error, warn, debug, trace, unknown');
});

test('only one level, and one with those above it, by mouse and by keyboard', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link, '?lvl=warn');
  await viewer.showsLastOf(of('warn'));
  await expect(chip(page, 'Warn'), 'the row is open where the link names levels').toHaveAttribute('aria-pressed', 'true');
  await chip(page, 'Error').click({ modifiers: ['Alt'] });
  await viewer.showsLastOf(of('error'));
  await expect.poll(() => param(page, 'lvl')).toBe('error');
  await chip(page, 'Warn').click({ modifiers: ['Shift'] });
  await viewer.showsLastOf(of('warn', 'error', 'fatal'));
  await page.getByRole('button', { name: 'Error and above' }).click();
  await viewer.showsLastOf(of('error', 'fatal'));
  await chip(page, 'Warn').focus();
  await page.keyboard.press('Alt+Enter');
  await viewer.showsLastOf(of('warn'));
  await page.keyboard.press('Shift+Space');
  await viewer.showsLastOf(of('warn', 'error', 'fatal'));
  await page.keyboard.press('Space');
  await viewer.showsLastOf(of('error', 'fatal'));

  for (const [key, lvl, lines] of [
    ['w', 'fatal,error,warn', of('fatal', 'error', 'warn')],
    ['e', 'fatal,error', of('fatal', 'error')],
    ['t', 'fatal,error,warn,info,debug,trace', of('fatal', 'error', 'warn', 'info')],
    ['a', null, LINES],
  ] as const) {
    await viewer.press('v', key);
    await viewer.showsLastOf([...lines]);
    await expect.poll(() => param(page, 'lvl'), { message: `v ${key}` }).toBe(lvl);
  }
});

test('levels go with a text, and are named and taken away where they hide every line', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link, '?lvl=fatal&q=5000');
  await viewer.showsLastOf(of('fatal').filter(({ text }) => text.includes('5000')));
  await viewer.filter('no such text');
  await expect(page.getByText('No line matches')).toBeVisible();
  await expect(page.getByText(/Only these lines are shown: what the filter says · level fatal/)).toBeVisible();
  await page.getByRole('button', { name: 'Remove level fatal' }).click();
  await expect.poll(() => param(page, 'lvl')).toBe(null);
  await viewer.press('v', 'e');
  await page.getByRole('button', { name: 'Show all lines' }).click();
  await viewer.showsLastOf(LINES);
  await expect(page).toHaveURL(/app\.log$/);
  await expect(viewer.filterBox).toHaveValue('');
});

test('the first screen has only the lines of the levels that its link names', async ({ browser, logs, shared }) => {
  const log = logs.file('app.log', fileOf(LINES));
  const still = await browser.newContext({ javaScriptEnabled: false });
  const page = await still.newPage();
  await page.goto(`${shared.origin}/v/${log.link}?lvl=fatal`);
  const rows = page.getByRole('grid', { name: 'Log lines' }).getByRole('row');
  await expect(rows).toHaveCount(of('fatal').length);
  await page.goto(`${shared.origin}/v/${log.link}?lvl=loud`);
  await expect(rows.last()).toContainText(LINES[LINES.length - 1].text);
  await still.close();
});

test('counts come back after a lost connection', async ({ page, startBehindProxy, logs, viewer, shared }) => {
  const log = logs.file('app.log', fileOf(LINES));
  const proxy = await startBehindProxy({ roots: [`logs=${shared.folder}`] });
  await page.goto(`${proxy.origin}/v/${log.link.replace(/^[^/]*/, 'logs')}?lvl=error`);
  await viewer.runs();
  await expect(chip(page, 'Error')).toHaveText(`Error ${count('error')}`);
  proxy.cut();
  await expect(viewer.state).toHaveText(/^reconnecting/);
  log.append('2026-11-22 12:00:00 ERROR meanwhile\n');
  proxy.mend();
  await expect(chip(page, 'Error')).toHaveText(`Error ${of('error').length + 1}`);
  await viewer.endsWith('2026-11-22 12:00:00 ERROR meanwhile');
});

test('a line that tells a warning or worse has a bar beside it, in the first screen and live', async ({ viewer, logs, browser, shared }) => {
  const kinds = ['info', 'warn', null, 'error', 'debug', 'fatal'];
  const text = (n: number) => `2026-11-22 10:00:00 ${kinds[n % kinds.length]?.toUpperCase() ?? 'an error of'} request ${n}`;
  const log = logs.file('app.log', Array.from({ length: 3_000 }, (_, n) => `${text(n)}\n`).join(''));
  const barred = (grid: Element) =>
    [...grid.querySelectorAll<HTMLElement>('.row[data-offset]')].map((row) => {
      const bar = getComputedStyle(row.querySelector('.no')!).backgroundImage.match(/rgb\([^)]*\)/)?.[0] ?? null;
      return { text: row.querySelector('.tx')!.textContent!, bar };
    });
  const colours = new Map<string | null, string | null>();
  const expectBars = (rows: ReturnType<typeof barred>) => {
    expect(rows.length).toBeGreaterThan(kinds.length);
    for (const { text, bar } of rows) {
      const level = kinds[Number(text.split(' ').at(-1)) % kinds.length];
      expect(bar !== null, text).toBe(['warn', 'error', 'fatal'].includes(level ?? ''));
      expect(colours.get(level) ?? bar, `one colour for ${level}`).toBe(bar);
      colours.set(level, bar);
    }
  };
  const still = await browser.newContext({ javaScriptEnabled: false });
  const page = await still.newPage();
  await page.goto(`${shared.origin}/v/${log.link}`);
  expectBars(await page.getByRole('grid', { name: 'Log lines' }).evaluate(barred));
  await still.close();

  await viewer.open(log.link);
  log.append(`${text(3_000)}\n${text(3_001)}\n`);
  await viewer.endsWith(text(3_001));
  expectBars(await viewer.grid.evaluate(barred));
  // Rows are used again for other lines.
  for (const [key, n] of [['k', 2_980], ['Home', 3], ['j', 30], ['End', 2_999]] as const) {
    await viewer.press(...Array.from({ length: key.length === 1 ? 35 : 1 }, () => key));
    await viewer.sees(text(n));
    expectBars(await viewer.grid.evaluate(barred));
  }
  expect(new Set(['warn', 'error', 'fatal'].map((level) => colours.get(level))).size, 'different colours').toBe(3);
});

//! A filtered view is a link: the first screen of it is in the HTML, for everybody who opens it, with or without a
//! program in the page.
import { type Locator, type Page } from '@playwright/test';
import { expect, fileOf, having, haystack, test } from '../support/fixtures';

const HAY = haystack(1, 5000, 10);
const NEEDLES = having(HAY, 'needle');

const gridOf = (page: Page): Locator => page.getByRole('grid', { name: 'Log lines' });
const textsOf = (page: Page): Promise<string[]> => gridOf(page).locator('[role=row][data-offset] [role=gridcell]:last-child').allTextContents();
const pagesOf = (page: Page): Locator => page.getByRole('navigation', { name: 'Pages of the file' });
/** What an honest page says when its bounded scan has not met everything. */
const STILL = /still (filtering|searching|looking)/i;

/** Goes to another page by its link; `false` where there is no such link. */
async function turn(page: Page, name: 'Older' | 'Newer'): Promise<boolean> {
  const link = pagesOf(page).getByRole('link', { name });
  if ((await link.count()) === 0) return false;
  const from = page.url();
  await link.click();
  await page.waitForURL((address) => address.href !== from);
  return true;
}

/** Sends the form with this in a box, and waits for the next page. */
async function submit(page: Page, box: Locator, text: string): Promise<void> {
  await box.fill(text);
  await Promise.all([page.waitForEvent('load'), box.press('Enter')]);
}

test('a filtered link opens filtered in a fresh browser', async ({ page, viewer, logs, newBrowser }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, '?at=line:2000');
  await viewer.filter('needle -100');
  await viewer.find('"line 2"');
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('needle -100');
  await viewer.goTo('2010');
  await viewer.sees('line 2010 needle');
  await viewer.select(2010);
  const link = await viewer.copiedLink();

  const other = await newBrowser();
  const html = await (await other.page.request.get(link)).text();
  expect(html, 'the first screen is in the HTML').toContain('line 2010 needle');
  expect(html, 'and it is filtered').not.toContain(' straw');
  await other.page.goto(link);
  await other.runs();
  await expect(other.filterBox).toHaveValue('needle -100');
  await expect(other.findBox).toHaveValue('"line 2"');
  await other.sees('line 2010 needle');
  expect((await other.texts()).filter((text) => text.includes('straw'))).toEqual([]);
  await expect(other.row(2010)).toHaveAttribute('aria-selected', 'true');
  await expect(other.lineCount).toHaveText(`showing ${NEEDLES.filter(({ text }) => !text.includes('100')).length} of 5,000`);
  await expect(other.matchCount).toHaveText(/\d/);
});

test('the line of a link stays on the screen when rows above it come before the first drawing', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await page.addInitScript(() => {
    const draw = window.requestAnimationFrame.bind(window);
    const held: FrameRequestCallback[] = [];
    window.requestAnimationFrame = (callback) => held.push(callback);
    Object.assign(window, {
      drawAtLast: () => {
        window.requestAnimationFrame = draw;
        held.splice(0).forEach(draw);
      },
    });
  });
  let pages = 0;
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => (pages += Number(typeof payload !== 'string'))));
  await page.goto(`/v/${log.link}?at=line:2010&q=needle`);
  await expect.poll(() => pages, { message: 'the rows below the line, and those above' }).toBeGreaterThan(1);
  await page.evaluate(() => (window as unknown as { drawAtLast: () => void }).drawAtLast());
  await viewer.runs();
  await viewer.sees('line 2010 needle');
});

test('the rows in the HTML of a filtered link are those that the page goes on with', async ({ viewer, logs, shared, browser }) => {
  const log = logs.file('app.log', fileOf(HAY));
  const link = `${shared.origin}/v/${log.link}?q=needle`;
  const still = await browser.newContext({ javaScriptEnabled: false });
  const page = await still.newPage();
  await page.goto(link);
  const served = await gridOf(page).locator('[role=row][data-offset]').evaluateAll((rows) => rows.map((row) => [(row as HTMLElement).dataset.offset, row.lastElementChild?.outerHTML]));
  await still.close();
  expect(served.length).toBeGreaterThan(20);
  await viewer.open(log.link, '?q=needle');
  await viewer.showsLastOf(NEEDLES);
  const live = await viewer.grid.evaluate((grid) =>
    [...grid.querySelectorAll<HTMLElement>('[role=row][data-offset]')].filter((row) => row.checkVisibility()).map((row) => [row.dataset.offset, row.lastElementChild?.outerHTML]),
  );
  const both = served.filter(([offset]) => live.some(([other]) => other === offset));
  expect(both.length, 'rows that both show').toBeGreaterThan(20);
  for (const row of both) expect(live).toContainEqual(row);
  await expect(viewer.lineCount).toHaveText('showing 500 of 5,000');
});

test('a link with a wrong filter says so, and the rest of the query is in force', async ({ viewer, logs, browser, shared }) => {
  const log = logs.file('app.log', fileOf(HAY));
  const params = `?q=${encodeURIComponent('needle /(/')}`;
  await viewer.open(log.link, params);
  await viewer.showsLastOf(NEEDLES);
  await expect(viewer.filterBox).toHaveValue('needle /(/');
  expect((await viewer.boxError(viewer.filterBox)).message.length).toBeGreaterThan(10);
  log.append('a new straw\na new needle\n');
  await viewer.endsWith('a new needle');
  await viewer.filter('needle');
  await expect(viewer.filterBox).not.toHaveAttribute('aria-invalid', 'true');

  const still = await browser.newContext({ javaScriptEnabled: false });
  const page = await still.newPage();
  const response = await page.goto(`${shared.origin}/v/${log.link}${params}`);
  expect(response?.status()).toBe(200);
  expect((await textsOf(page)).filter((text) => text.includes('straw'))).toEqual([]);
  await expect(page.getByRole('searchbox', { name: 'Filter' })).toHaveAttribute('aria-invalid', 'true');
  await still.close();
});

test('a link with a wrong find term says so, and shows the lines', async ({ viewer, logs }) => {
  const log = logs.file('app.log', fileOf(HAY));
  await viewer.open(log.link, `?find=${encodeURIComponent('/(/')}`);
  await viewer.showsLastOf(HAY);
  expect((await viewer.boxError(viewer.findBox)).message.length).toBeGreaterThan(10);
});

/** Matches three words of which the last is as long as `needle`; has no fixed text, so that looking for it takes a while. */
const SLOW = encodeURIComponent('/^[a-z]{1,5} [a-z]{4,5} [a-z]{6}$/');

test('hits far away in a large file come without being asked for, and the page says that it is still filtering', async ({ viewer, logs, shared, page }) => {
  test.setTimeout(120_000);
  const log = logs.file('sparse.log', 'the first needle\n');
  // 300 MB of lines without a hit: more than the server looks through for a first screen.
  const straw = Buffer.from('straw straw straw straw straw straw straw straw straw straw straw straw straw\n'.repeat(14_000));
  const times = Math.ceil((300 * 1024 * 1024) / straw.length);
  for (let n = 0; n < times; n++) log.append(straw);
  log.append('the last needle\nstraw\n');
  const lines = times * 14_000 + 3;

  const html = await (await page.request.get(`${shared.origin}/v/${log.link}?q=${SLOW}`)).text();
  expect(html).toContain('the last needle');
  // A machine that is several times faster than ours may have looked through all of it.
  expect(STILL.test(html), 'it is still filtering, or the first hit is there too').toBe(!html.includes('the first needle'));
  await viewer.open(log.link, `?q=${SLOW}`);
  await expect.poll(() => viewer.texts(), { timeout: 60_000 }).toEqual(['the first needle', 'the last needle']);
  await expect(viewer.lineCount).toHaveText(`showing 2 of ${lines.toLocaleString('en')}`, { timeout: 60_000 });
  await expect(page.getByText(STILL)).toBeHidden();
  log.append('a live needle\n');
  await viewer.endsWith('a live needle');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false, audited: false });

  test('a filtered link is read from end to start and back', async ({ page, logs, shared }) => {
    const log = logs.file('app.log', fileOf(HAY));
    await page.goto(`${shared.origin}/v/${log.link}?q=needle`);
    const met = (await textsOf(page)).reverse();
    expect(met[0]).toBe('line 5000 needle');
    while (await turn(page, 'Older')) {
      const before = met.length;
      met.push(...(await textsOf(page)).reverse().filter((text) => !met.includes(text)));
      expect(met.length, 'a page brings something new').toBeGreaterThan(before);
    }
    expect(met.reverse(), 'every matching line, and no other').toEqual(NEEDLES.map(({ text }) => text));
    const seen = await textsOf(page);
    while (await turn(page, 'Newer')) {
      const before = seen.length;
      seen.push(...(await textsOf(page)).filter((text) => !seen.includes(text)));
      expect(seen.length, 'a page brings something new').toBeGreaterThan(before);
    }
    expect(seen).toEqual(NEEDLES.map(({ text }) => text));
    await expect(page.getByRole('searchbox', { name: 'Filter' })).toHaveValue('needle');
  });

  test('the form filters, keeps the rest of the link, and shows the lines around matches', async ({ page, logs, shared }) => {
    const log = logs.file('app.log', fileOf(HAY));
    await page.goto(`${shared.origin}/v/${log.link}?at=start&wrap=1`);
    expect((await textsOf(page))[0]).toBe('line 1 straw');
    const box = page.getByRole('searchbox', { name: 'Filter' });
    await submit(page, box, 'needle -"line 10 "');
    expect(new URL(page.url()).searchParams.get('q')).toBe('needle -"line 10 "');
    expect((await textsOf(page))[0]).toBe('line 20 needle');
    expect((await textsOf(page)).filter((text) => text.includes('straw'))).toEqual([]);
    expect(new URL(page.url()).searchParams.get('wrap')).toBe('1');

    await page.goto(`${shared.origin}/v/${log.link}?at=start&ctx=1&q=needle`);
    expect((await textsOf(page)).slice(0, 6)).toEqual([9, 10, 11, 19, 20, 21].map((line) => HAY[line - 1].text));
    await submit(page, box, '');
    expect((await textsOf(page))[0]).toBe('line 1 straw');
  });

  test('a query that is typed and its plus signs and percents survive the form', async ({ page, logs, shared }) => {
    const log = logs.file('app.log', 'one + two = 3\nfour 100% & <b>\nstraw\n');
    await page.goto(`${shared.origin}/v/${log.link}`);
    const box = page.getByRole('searchbox', { name: 'Filter' });
    for (const [query, text] of [['"one + two"', 'one + two = 3'], ['"100% & <b>"', 'four 100% & <b>']]) {
      await submit(page, box, query);
      await expect(box).toHaveValue(query);
      expect(await textsOf(page)).toEqual([text]);
    }
  });

  test('hits far away are reached by links, and the page says that it is still filtering', async ({ page, logs, shared }) => {
    test.setTimeout(180_000);
    const log = logs.file('sparse.log', 'the only needle\n');
    const straw = Buffer.from('straw straw straw straw straw straw straw straw straw straw straw straw straw\n'.repeat(14_000));
    for (let n = 0; n < 275; n++) log.append(straw);
    await page.goto(`${shared.origin}/v/${log.link}?q=${SLOW}`);
    const isThere = (await textsOf(page)).length > 0;
    await expect(page.getByText(STILL)).toHaveCount(isThere ? 0 : 1);
    let turns = 0;
    while ((await textsOf(page)).length === 0 && (await turn(page, 'Older'))) turns++;
    console.log(`a hit 300 MB away is ${turns} links away`);
    expect(await textsOf(page)).toEqual(['the only needle']);
  });

  test('a filter that no line matches says so', async ({ page, logs, shared }) => {
    const log = logs.file('app.log', fileOf(HAY));
    await page.goto(`${shared.origin}/v/${log.link}?q=nowhere`);
    expect(await textsOf(page)).toEqual([]);
    await expect(page.getByText(/no line matches/i)).toBeVisible();
  });
});

//! Search files: which files of a folder have matching lines, and the line that is clicked, in place.
import type { Locator, Page } from '@playwright/test';
import { utimesSync } from 'node:fs';
import { audit, expect, test } from '../support/fixtures';

class Search {
  readonly dialog: Locator;
  readonly box: Locator;
  readonly list: Locator;
  readonly status: Locator;

  constructor(readonly page: Page) {
    this.dialog = page.getByRole('dialog', { name: 'Search files' });
    this.box = page.getByRole('searchbox', { name: 'Search files' });
    this.list = page.getByRole('list', { name: 'Files with matching lines' });
    this.status = page.getByRole('status', { name: 'Search in files' });
  }

  /** Opens the box with the button of the chooser: until the program runs the button does nothing. */
  async open(): Promise<void> {
    await expect(async () => {
      await this.page.getByRole('button', { name: /Search files/ }).click();
      await expect(this.dialog).toBeVisible({ timeout: 1_000 });
    }).toPass();
  }

  async for(query: string): Promise<void> {
    await this.box.fill(query);
    await this.box.press('Enter');
  }

  /** The rows of what is found, files and lines. */
  texts(): Promise<string[]> {
    return this.list.getByRole('link').allInnerTexts();
  }
}

test('a search finds lines in all files of a folder, newest file first, and opens one in place', async ({ viewer, logs, page }) => {
  const names = ['old.log', 'sub/mid.log', 'new.log'];
  for (const [age, name] of names.entries()) {
    const log = logs.file(name, `first\nan error of ${name}\n${'quiet\n'.repeat(2000)}the last error\n`);
    utimesSync(log.path, 1_000_000_000 + age * 1000, 1_000_000_000 + age * 1000);
  }
  logs.file('core', Buffer.from('\0error\n'));
  const search = new Search(page);
  await viewer.open(`${logs.link}/old.log`);
  await page.evaluate(() => ((window as unknown as { same: boolean }).same = true));
  await viewer.press('Shift+Q');
  await expect(search.box).toBeFocused();
  await search.for('error -zzz');
  await expect(search.status).toHaveText('6 lines in 3 of 4 files');
  expect((await search.texts()).map((text) => text.split('\n')[0])).toEqual(
    ['new.log', 'sub/mid.log', 'old.log'].flatMap((name) => [`${logs.link}/${name}`, `an error of ${name}`, 'the last error']),
  );
  await expect(search.list.locator('mark').first()).toHaveText('error');
  await expect(page.getByText('1 file was not searched')).toBeVisible();
  await page.getByText('1 file was not searched').click();
  await expect(page.getByText('binary file: it has a NUL byte')).toBeVisible();
  await audit(page);
  // The keys go through what is found and back.
  await search.box.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(search.list.getByRole('link').nth(1)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(search.box).toBeFocused();
  await search.list.getByRole('link', { name: 'the last error' }).first().click();
  await expect(search.dialog).toBeHidden();
  await viewer.sees('the last error');
  await expect(page).toHaveURL(/new\.log\?at=byte:\d+(-\d+)?&find=error/);
  await expect(viewer.findBox).toHaveValue('error');
  expect(await page.evaluate(() => (window as unknown as { same?: boolean }).same), 'no document was loaded').toBe(true);
  // What was found is still there, and a file's own line opens all of its matches.
  await viewer.press('Shift+Q');
  await expect(search.status).toHaveText('6 lines in 3 of 4 files');
  await search.list.getByRole('link', { name: /sub\/mid\.log 2 lines/ }).click();
  await expect(viewer.filterBox).toHaveValue('error -zzz');
  await expect.poll(() => viewer.texts()).toEqual(['an error of sub/mid.log', 'the last error']);
});

test('a search is of the folder, its root or all files', async ({ viewer, logs, page }) => {
  const word = `w${logs.link.replace(/[^a-z]/g, '')}`;
  logs.file('top.log', `${word} top\n`);
  const log = logs.file('sub/in.log', `${word} in\n`);
  const search = new Search(page);
  await viewer.open(log.link);
  await viewer.files.getByRole('button', { name: /Search files/ }).click();
  const where = search.dialog.getByRole('group', { name: 'Search in' });
  await expect(where.getByRole('button', { name: `${logs.link}/sub`, exact: true })).toHaveAttribute('aria-pressed', 'true');
  await search.for(word);
  await expect(search.status).toHaveText('1 line in 1 of 1 file');
  await where.getByRole('button', { name: 'All files' }).click();
  await expect(search.status).toHaveText(/^2 lines in 2 of \d+ files$/);
  await search.box.press('Escape');
  await expect(search.dialog).toBeHidden();
});

test('a search begins with what the page is narrowed to, levels too', async ({ viewer, logs, page }) => {
  const log = logs.file('a.log', 'ERROR disk full\nERROR other\nINFO disk full\n');
  const search = new Search(page);
  await viewer.open(`${log.link}?q=disk&lvl=error`);
  await viewer.press('Shift+Q');
  await expect(search.box).toHaveValue(/disk.*level:error|level:error.*disk/);
  await search.box.press('Enter');
  await expect(search.status).toHaveText('1 line in 1 of 1 file');
  expect((await search.texts())[1]).toBe('ERROR disk full');
});

test('what is wrong with a query is told with its place, and nothing found is said', async ({ viewer, logs, page, complaints }) => {
  complaints.expect(/400 \(Bad Request\)/);
  const log = logs.file('a.log', 'one\ntwo\n');
  const search = new Search(page);
  await page.goto(`${viewer.origin}/?path=${logs.link}`);
  await search.open();
  await search.for('one (two');
  await expect(search.dialog.getByText(/^At character 5: /)).toBeVisible();
  await expect(search.box).toHaveAttribute('aria-invalid', 'true');
  await audit(page);
  await search.for('nowhere');
  await expect(search.status).toHaveText('No line matches in 1 file');
  await search.for('two');
  await expect(search.status).toHaveText('1 line in 1 of 1 file');
  await search.list.getByRole('link', { name: 'two', exact: true }).click();
  await viewer.runs();
  await viewer.sees('two');
  expect(page.url()).toContain(log.link);
});

test('what is wrong with a query covers nothing that can be pressed, on a phone too', async ({ viewer, logs, page, complaints }) => {
  complaints.expect(/400 \(Bad Request\)/);
  const log = logs.file('sub/a.log', 'an error\n');
  const search = new Search(page);
  for (const [width, height] of [[360, 740], [1280, 800]]) {
    await page.setViewportSize({ width: width!, height: height! });
    await viewer.open(log.link);
    await viewer.press('Shift+Q');
    await search.for('error (and a term that is wrong:because it has no end');
    await expect(search.dialog.getByText(/^At character 27: /)).toBeVisible();
    const where = search.dialog.getByRole('group', { name: 'Search in' });
    for (const button of await where.getByRole('button').all()) {
      // It waits until the button is what a finger would hit.
      await button.click({ trial: true });
    }
    await expect(search.dialog.getByText(/^At character 27: /)).toBeVisible();
  }
});

test('a search shows how far it is, and is cancelled', async ({ viewer, logs, page }) => {
  const log = logs.file('a.log', 'an error\n');
  const search = new Search(page);
  // The answer never ends: what is shown is what a search of a slow disk shows.
  await page.addInitScript(() => {
    const real = window.fetch;
    const lines = [
      { progress: { files: 3, of: 120, bytes: 1_000_000_000, total_bytes: 20_000_000_000 } },
      { file: 'logs/x.log', modified: null, rows: [{ line: null, offset: 0, time: null, level: null, text: 'an error', marks: [[3, 8]] }] },
      { progress: { files: 3, of: 120, bytes: 2_000_000_000, total_bytes: 20_000_000_000 } },
    ];
    window.fetch = (input, init) => {
      if (!String(input).includes('/api/v1/search')) return real(input, init);
      const body = new ReadableStream({
        async start(stream) {
          init?.signal?.addEventListener('abort', () => ((window as unknown as { aborted: boolean }).aborted = true));
          for (const line of lines) {
            stream.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
            // Each as a part of its own, and so long after the other that it is drawn.
            await new Promise((done) => setTimeout(done, 200));
          }
        },
      });
      return Promise.resolve(new Response(body, { status: 200 }));
    };
  });
  await viewer.open(log.link);
  await viewer.press('Shift+Q');
  await search.for('error');
  await expect(search.dialog.getByText(/^3 of 120 files · 2\.0 GB of 20(\.0)? GB · .*\/s$/)).toBeVisible();
  await expect(search.dialog.getByRole('progressbar', { name: 'Searching files' })).toBeVisible();
  await expect(search.list.getByRole('link', { name: /x\.log/ })).toContainText('≥ 1 line');
  await audit(page);
  await search.box.press('Escape');
  await expect(search.status).toHaveText(/^Cancelled at 3 of 120 files/);
  expect(await page.evaluate(() => (window as unknown as { aborted?: boolean }).aborted)).toBe(true);
  await expect(search.dialog).toBeVisible();
  await search.box.press('Escape');
  await expect(search.dialog).toBeHidden();
});

//! Without JavaScript: the lines are in the HTML, and plain links page through the file.
import { expect, numbered, test } from '../support/fixtures';

test.use({ javaScriptEnabled: false, audited: false });

test('the last lines are readable, and links page through the file', async ({ page, logs, shared }) => {
  const log = logs.numbered('app.log', 5000);
  await page.goto(`${shared.origin}/v/${log.link}`);
  const grid = page.getByRole('grid', { name: 'Log lines' });
  const pages = page.getByRole('navigation', { name: 'Pages of the file' });
  const line = (n: number) => grid.getByText(`line ${n}`, { exact: true });
  await expect(line(5000)).toBeInViewport();

  await pages.getByRole('link', { name: 'Start' }).click();
  await expect(line(1)).toBeInViewport();
  const last = await grid.getByRole('row').last().getByRole('gridcell').last().textContent();
  await pages.getByRole('link', { name: 'Newer' }).click();
  const first = await grid.getByRole('row').first().getByRole('gridcell').last().textContent();
  const [ended, begins] = [Number(last?.slice(5)), Number(first?.slice(5))];
  expect(begins, 'the next page begins with some of the last rows of this one').toBeLessThanOrEqual(ended + 1);
  expect(begins).toBeGreaterThan(ended - 50);
  await pages.getByRole('link', { name: 'Older' }).click();
  await expect(line(1)).toBeInViewport();
  await pages.getByRole('link', { name: 'End' }).click();
  await expect(line(5000)).toBeInViewport();
});

test('every line is met on the way from the start to the end', async ({ page, logs, shared }) => {
  const log = logs.numbered('app.log', 900);
  await page.goto(`${shared.origin}/v/${log.link}?at=start`);
  const seen = new Set<string>();
  for (let turn = 0; turn < 50; turn++) {
    const before = seen.size;
    for (const text of await page.locator('[role=row][data-offset] [role=gridcell]:last-child').allTextContents()) seen.add(text);
    expect(seen.size, 'a page brings something new').toBeGreaterThan(before);
    const next = page.getByRole('navigation', { name: 'Pages of the file' }).getByRole('link', { name: 'Newer' });
    if ((await next.count()) === 0) break;
    await next.click();
  }
  expect([...seen].join('\n')).toBe(numbered(1, 900).trimEnd());
});

test('folders and files are plain links', async ({ page, logs, shared }) => {
  logs.file('deep/down/here.log', 'found\n');
  await page.goto(shared.origin);
  for (const name of [...logs.link.split('/'), 'deep', 'down', 'here\\.log']) {
    await page.getByRole('link', { name: new RegExp(`^${name}`) }).first().click();
  }
  await expect(page.getByText('found', { exact: true })).toBeVisible();
});

test('a place in the address is where the page is', async ({ page, logs, shared }) => {
  const log = logs.numbered('app.log', 5000);
  await page.goto(`${shared.origin}/v/${log.link}?at=line:2500`);
  await expect(page.getByText('line 2500', { exact: true })).toBeVisible();
  await page.goto(`${shared.origin}/v/${log.link}?at=byte:0`);
  await expect(page.getByText('line 1', { exact: true })).toBeVisible();
});

test('a person logs in with the form @own-server', async ({ page, logs, startServer, complaints }) => {
  complaints.expect(/401/);
  const log = logs.numbered('app.log', 10);
  const server = await startServer({ roots: [`logs=${logs.folder}`], auth: 'token' });
  const token = new URL(server.printed).hash.replace('#token=', '');
  expect(token.length, 'the printed address has a token').toBeGreaterThan(20);
  await page.goto(`${server.origin}/v/logs/app.log`);
  await expect(page).toHaveURL(/\/login/);
  await page.getByLabel(/token/i).fill('wrong');
  await page.getByRole('button', { name: /log in/i }).click();
  await expect(page).toHaveURL(/\/login/);
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel(/token/i).fill(token);
  await page.getByRole('button', { name: /log in/i }).click();
  await expect(page).toHaveURL(/\/v\/logs\/app\.log$/);
  await expect(page.getByText(`line ${log.written}`, { exact: true })).toBeVisible();
});

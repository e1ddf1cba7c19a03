//! Choosing a file and opening it, and moving between files and back.
import { expect, numbered, test } from '../support/fixtures';

test('a person chooses a file from the folders and reads its last lines', async ({ page, viewer, logs, shared }) => {
  logs.numbered('web/access.log', 500);
  await page.goto(shared.origin);
  for (const name of logs.link.split('/').concat('web')) {
    await page.getByRole('link', { name: new RegExp(`^${name}\\b`) }).first().click();
  }
  await page.getByRole('link', { name: /^access\.log/ }).first().click();
  await viewer.runs();
  await viewer.endsWith('line 500');
  await expect(viewer.lineCount).toHaveText('500 lines');
  await expect(page).toHaveTitle(/access\.log/);
});

test('typing part of a name in the quick open finds the file', async ({ page, viewer, logs }) => {
  logs.numbered('payments.log', 10);
  const start = logs.numbered('orders.log', 10);
  await viewer.open(start.link);
  await viewer.markDocument();
  await viewer.press('Control+k');
  const box = page.getByRole('dialog').getByRole('combobox');
  await expect(box).toBeFocused();
  await box.fill('paym');
  await expect(page.getByRole('option', { name: /payments\.log/ })).toBeVisible();
  await box.press('Enter');
  await expect(page).toHaveURL(/payments\.log/);
  await viewer.endsWith('line 10');
  await viewer.expectSameDocument();
});

test('typing narrows the list of files down', async ({ page, viewer, logs }) => {
  for (const name of ['orders.log', 'payments.log', 'refunds.log']) logs.numbered(name, 5);
  await page.goto(`${viewer.origin}/`);
  for (const name of logs.link.split('/')) await page.getByRole('link', { name: new RegExp(`^${name}`) }).first().click();
  await expect(page.getByRole('link', { name: /\.log/ })).toHaveCount(3);
  await page.getByRole('textbox', { name: 'Narrow down' }).fill('pay');
  await expect(page.getByRole('link', { name: /\.log/ })).toHaveCount(1);
  await page.getByRole('link', { name: /payments/ }).click();
  await viewer.runs();
  await viewer.endsWith('line 5');
});

test('opening another file loads no document, and Back and Forward return to each', async ({ page, viewer, logs }) => {
  const one = logs.file('one.log', 'this is one\n');
  logs.file('two.log', 'this is two\n');
  await viewer.open(one.link);
  await viewer.sees('this is one');
  await viewer.markDocument();

  if (!(await viewer.files.isVisible())) await viewer.press('Control+b');
  await viewer.files.getByRole('link', { name: /^two\.log/ }).click();
  await viewer.sees('this is two');
  await expect(page).toHaveURL(/\/two\.log$/);

  await page.goBack();
  await viewer.sees('this is one');
  await expect(page).toHaveURL(/\/one\.log$/);
  await page.goForward();
  await viewer.sees('this is two');
  await viewer.expectSameDocument();
});

test('a file in a folder with a strange name opens by its link', async ({ viewer, logs }) => {
  const log = logs.file('ünï %2f #1 & more?/a b+c.log', 'found me\n');
  await viewer.open(log.link);
  await viewer.sees('found me');
});

test('the page holds on a telephone', async ({ page, viewer, logs }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const log = logs.file('wide.log', `${'w'.repeat(3000)}\n${numbered(1, 300)}`);
  await viewer.open(log.link);
  await viewer.endsWith('line 300');
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, 'pixels that the page is too wide').toBeLessThanOrEqual(0);
  await expect(viewer.follow).toBeVisible();
  log.append('and it goes on\n');
  await viewer.endsWith('and it goes on');
});

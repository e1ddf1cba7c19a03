//! What goes wrong is said clearly, with what to do about it.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '../support/fixtures';

test.beforeEach(({ complaints }) => complaints.expect(/status of 40[0-9]/));

test('a file that is not there', async ({ page, viewer, logs }) => {
  const response = await page.goto(`${viewer.origin}/v/${logs.link}/missing.log`);
  expect(response?.status()).toBe(404);
  await expect(page.getByRole('heading').first()).toBeVisible();
  await expect(page.getByText(/no such file|not found|not here/i).first()).toBeVisible();
  await expect(page.getByRole('link').first(), 'a way on').toBeVisible();
});

test('a folder instead of a file leads to its files', async ({ page, viewer, logs }) => {
  logs.file('inside/app.log', 'x\n');
  await page.goto(`${viewer.origin}/v/${logs.link}/inside`);
  await expect(page.getByText(/folder/i).first()).toBeVisible();
  await expect(page.getByRole('link', { name: /app\.log|files|folder|inside/i }).first()).toBeVisible();
});

test('a pipe is refused without opening it', async ({ page, viewer, logs }) => {
  execFileSync('mkfifo', [join(logs.folder, 'pipe')]);
  const response = await page.goto(`${viewer.origin}/v/${logs.link}/pipe`);
  expect(response?.status()).toBeGreaterThanOrEqual(400);
  await expect(page.getByText(/pipe|fifo|regular file/i).first()).toBeVisible();
});

test('a path outside the roots is the same as a missing one', async ({ page, viewer, logs }) => {
  const missing = await page.request.get(`${viewer.origin}/v/${logs.link}/missing`);
  for (const path of ['/v/etc/passwd', `/v/${logs.link}/..%2f..%2fetc%2fpasswd`, `/v/${logs.link}/%2e%2e/x`, `/v/${logs.link}//x`]) {
    const response = await page.request.get(`${viewer.origin}${path}`);
    expect(response.status(), path).toBe(missing.status());
    expect(await response.text(), path).not.toContain('root:');
  }
});

test('a file that the server may not read names the user and the fix @own-server', async ({ page, startServer }) => {
  // As a user who is not root, who is refused nothing.
  const folder = mkdtempSync(join(tmpdir(), 'taillight-denied-'));
  chmodSync(folder, 0o755);
  const [logs, data] = [join(folder, 'logs'), join(folder, 'data')];
  mkdirSync(logs);
  mkdirSync(data);
  chmodSync(data, 0o777);
  writeFileSync(join(logs, 'secret.log'), 'secret line\n', { mode: 0o600 });
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) chmodSync(join(logs, 'secret.log'), 0o000);
  const server = await startServer({ roots: [`logs=${logs}`], dataDir: join(data, 'mine'), uid: isRoot ? 65534 : undefined });
  const response = await page.goto(`${server.origin}/v/logs/secret.log`);
  expect(response?.status()).toBe(403);
  const text = await page.locator('body').innerText();
  expect(text).toMatch(isRoot ? /nobody|65534/ : /permission/i);
  expect(text).not.toContain('secret line');
});

test('a wrong place in the address is told, and the file is shown all the same', async ({ page, viewer, logs }) => {
  const log = logs.numbered('app.log', 20);
  await page.goto(`${viewer.origin}/v/${log.link}?at=nowhere`);
  await viewer.sees('line 20');
});

//! How the browser tests run: Debian's Chromium, one worker, and a server that each spec starts itself, or BASE_URL.
import { defineConfig } from '@playwright/test';

// Without these Chromium tries to reach the outside; as root it has no sandbox.
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The load spec reads the heap.
  '--enable-precise-memory-info',
];

export default defineConfig({
  testDir: 'specs',
  outputDir: 'test-results',
  // Two cores: the browser and the server need both, and figures must mean something.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  retries: 0,
  reporter: [['list']],
  // A server that is already up is not ours to kill, nor to start with other options.
  grepInvert: process.env.BASE_URL ? /@own-server/ : undefined,
  use: {
    // What a spec acts on is there or comes soon: a missing name is told before the whole spec runs out of time.
    actionTimeout: 20_000,
    headless: true,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    colorScheme: 'dark',
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: QUIET,
    },
  },
});

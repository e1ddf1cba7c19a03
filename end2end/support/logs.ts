//! Log files as their writers make them: appended to, rotated, truncated, deleted, and a process that writes at a rate.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync, copyFileSync, ftruncateSync, closeSync, mkdirSync, openSync, renameSync, rmSync, truncateSync, writeFileSync, writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A folder of logs and the address of it in the server. */
export class Logs {
  private writers: ChildProcess[] = [];

  /** @param folder on the disk @param link the path below `/v/`, as in an address */
  constructor(readonly folder: string, readonly link: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** A log with this content, made or made anew. */
  file(name: string, content: string | Buffer = ''): Log {
    const log = new Log(join(this.folder, name), `${this.link}/${name.split('/').map(encodeURIComponent).join('/')}`);
    mkdirSync(dirname(log.path), { recursive: true });
    writeFileSync(log.path, content);
    return log;
  }

  /** A log with `count` numbered lines. */
  numbered(name: string, count: number): Log {
    const log = this.file(name, numbered(1, count));
    log.written = count;
    return log;
  }

  /** A process that appends `rate` lines a second, each `SEQUENCE EPOCH_MS text`, until the test ends. */
  writeAt(log: Log, rate: number): ChildProcess {
    const child = spawn(process.execPath, [join(__dirname, 'writer.mjs'), log.path, String(rate)], { stdio: ['pipe', 'inherit', 'inherit'] });
    this.writers.push(child);
    return child;
  }

  dispose(): void {
    for (const writer of this.writers) writer.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Lines `line FIRST` to `line LAST`. */
export function numbered(first: number, last: number): string {
  let text = '';
  for (let n = first; n <= last; n++) text += `line ${n}\n`;
  return text;
}

/** Lines FIRST to LAST, every `every`th of them with a needle in its straw. */
export function haystack(first: number, last: number, every: number): Hay[] {
  const lines = [];
  for (let line = first; line <= last; line++) lines.push({ line, text: `line ${line} ${line % every ? 'straw' : 'needle'}` });
  return lines;
}

/** A line with its number. */
export interface Hay {
  line: number;
  text: string;
}

/** The bytes of a file with these lines. */
export function fileOf(lines: Hay[]): string {
  return lines.map(({ text }) => `${text}\n`).join('');
}

/** Those with this in them. */
export function having(lines: Hay[], part: string): Hay[] {
  return lines.filter(({ text }) => text.includes(part));
}

export class Log {
  /** How many numbered lines were written. */
  written = 0;

  constructor(readonly path: string, readonly link: string) {}

  append(text: string | Buffer): void {
    appendFileSync(this.path, text);
  }

  /** Appends `count` more numbered lines. */
  appendLines(count: number): void {
    this.append(numbered(this.written + 1, this.written + count));
    this.written += count;
  }

  /** As logrotate's `create`: the file gets another name, a new one its name. */
  rotate(): void {
    renameSync(this.path, `${this.path}.1`);
    writeFileSync(this.path, '');
  }

  /** As logrotate's `copytruncate`. */
  copyTruncate(): void {
    copyFileSync(this.path, `${this.path}.1`);
    truncateSync(this.path, 0);
  }

  /** Under another name, with nothing in its place. */
  moveAway(): void {
    renameSync(this.path, `${this.path}.1`);
  }

  delete(): void {
    rmSync(this.path);
  }

  /** Makes it this long without writing: a hole. */
  stretch(length: number): void {
    const file = openSync(this.path, 'r+');
    ftruncateSync(file, length);
    closeSync(file);
  }

  /** Writes at a place. */
  writeAt(offset: number, text: string): void {
    const file = openSync(this.path, 'r+');
    const bytes = Buffer.from(text);
    writeSync(file, bytes, 0, bytes.length, offset);
    closeSync(file);
  }
}

/** A line with a time and a level. */
export interface Told extends Hay {
  level: string | null;
}

/**
 * `count` lines, one a second from 2026-11-22 08:00:00 UTC: every 50th a warning, every 200th an error, every 1,000th fatal,
 * every 10th without level and time, as the line before goes on.
 */
export function told(count: number): Told[] {
  return Array.from({ length: count }, (_, n) => {
    const line = n + 1;
    if (line % 10 === 5) return { line, text: `    and on ${line}`, level: null };
    const time = new Date(Date.UTC(2026, 10, 22, 8, 0, n)).toISOString().slice(0, 19).replace('T', ' ');
    const level = line % 1_000 === 0 ? 'fatal' : line % 200 === 0 ? 'error' : line % 50 === 0 ? 'warn' : 'info';
    return { line, text: `${time} ${level.toUpperCase()} request ${line}`, level };
  });
}

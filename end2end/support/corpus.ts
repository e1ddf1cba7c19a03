//! Lines that try every way to be coloured, cut and misread, as the bytes of a file.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ESC = '\x1b';
const SHARED_LOGS = resolve(__dirname, '../../../shared/logs');

/** The corpus: some hundreds of lines. No line has more than 200 changes of style: beyond that the page shows them plain. */
export function corpus(): Buffer {
  const lines: (string | Buffer)[] = [...everyCode(), ...colours(), ...carried(), ...markup(), ...broken(), ...text(), ...mixed(300), ...plain(60)];
  return Buffer.concat(lines.flatMap((line) => [Buffer.isBuffer(line) ? line : Buffer.from(line), Buffer.from('\n')]));
}

/** Samples of real logs: the first, some middle and the last lines of each; `null` when they are not there. */
export function samples(): Buffer | null {
  if (!existsSync(SHARED_LOGS)) return null;
  const parts: Buffer[] = [];
  for (const name of readdirSync(SHARED_LOGS).filter((name) => name.endsWith('.log')).sort()) {
    const bytes = readFileSync(join(SHARED_LOGS, name));
    const middle = bytes.indexOf(10, bytes.length / 2) + 1;
    const last = bytes.lastIndexOf(10, bytes.length - 3_000) + 1;
    for (const from of [0, middle, last]) {
      const until = bytes.indexOf(10, Math.min(from + 2_500, bytes.length - 1));
      parts.push(bytes.subarray(from, until < 0 ? bytes.length : until), Buffer.from('\n'));
    }
  }
  return parts.length ? Buffer.concat(parts) : null;
}

function everyCode(): string[] {
  const lines = [];
  for (let code = 0; code <= 110; code++) lines.push(`${ESC}[${code}mcode ${code}${ESC}[m and then ${ESC}[31;1;4;${code}mmore${ESC}[0m`);
  for (const code of [22, 23, 24, 25, 27, 28, 29, 39, 49, 54, 55, 59]) {
    lines.push(`${ESC}[1;2;3;4;7;9;53;35;46mall ${ESC}[${code}mwithout ${code}${ESC}[0m none`);
  }
  for (let shape = 0; shape <= 6; shape++) lines.push(`${ESC}[4:${shape}mshape ${shape}${ESC}[24m none ${ESC}[21mdouble${ESC}[4msingle${ESC}[0m`);
  return lines;
}

function colours(): string[] {
  const lines = [];
  for (const side of [38, 48]) {
    for (let from = 0; from < 256; from += 16) {
      lines.push(Array.from({ length: 16 }, (_, n) => `${ESC}[${side};5;${from + n}m${from + n}`).join('') + `${ESC}[0m`);
    }
  }
  for (const rgb of ['0;0;0', '255;255;255', '1;2;3', '255;0;128', '95;135;175', '8;8;8', '256;0;0', '1;2', '', '-1;0;0', '10;20;30;1']) {
    lines.push(`${ESC}[38;2;${rgb}mtrue ${rgb}${ESC}[48;2;${rgb}mand behind${ESC}[0m`);
  }
  for (const form of ['38:5:208', '38:2::1:200:3', '38:2:1:200:3', '48:5:300', '38:5', '38:9:1', '58:5:1', '38;5;208;1;48;5;17', '38;5', '5;38;5;9;4']) {
    lines.push(`${ESC}[${form}mform ${form}${ESC}[0m plain`);
  }
  return lines;
}

function carried(): string[] {
  return [
    `${ESC}[32mgreen begins`,
    'and goes on',
    '',
    `still ${ESC}[1mand bold`,
    `${ESC}[39mno colour, still bold`,
    `${ESC}[48;5;17mon blue${ESC}[22m not bold`,
    `${ESC}[0mand all ends`,
    `${ESC}[7minverse begins`,
    `${ESC}[31mred on it${ESC}[44m and blue`,
    `${ESC}[27mturned back${ESC}[m`,
  ];
}

function markup(): string[] {
  return [
    '<b>bold</b> <script>alert(1)</script> <!-- x --> <img src=x onerror=alert(1)>',
    `a & b &amp; c &lt;d&gt; &#39;e&#39; "f" 'g' \`h\``,
    `${ESC}[31m<span class="a-f1">${ESC}[0m</span> ${ESC}[1m&${ESC}[0m&${ESC}[3m<${ESC}[0m`,
    `"quoted" 'single' ${ESC}[4m"'<>&${ESC}[24m end`,
    `${ESC}]8;;https://example.org/?a=1&b="2"${ESC}\\a link${ESC}]8;;${ESC}\\ after`,
    `${ESC}]8;id=1;javascript:alert(1)\x07another${ESC}]8;;\x07 after`,
    `${ESC}]8;;https://example.org${ESC}\\${ESC}[31mred link${ESC}[0m${ESC}]8;;${ESC}\\`,
    `${ESC}]0;a title\x07text ${ESC}]52;c;aGVsbG8=\x07text`,
  ];
}

function broken(): (string | Buffer)[] {
  return [
    `cut ${ESC}`,
    `cut ${ESC}[`,
    `cut ${ESC}[31`,
    `cut ${ESC}[38;5;`,
    `cut ${ESC}]8;;https://example.org`,
    `cut ${ESC}Pq#0;2;0;0;0`,
    'and the next line is whole',
    `${ESC}[31${ESC}[32mgreen${ESC}[0m ${ESC}[<31mnot${ESC}[?25l hidden${ESC}[>4;1m keys${ESC}[0 q shape`,
    `${ESC}[2J${ESC}[10;10Hmoved ${ESC}[K${ESC}[3Aup${ESC}(B${ESC}=${ESC}>${ESC}M${ESC}c`,
    `${ESC}[${'1;'.repeat(60)}31mmany numbers${ESC}[0m ${ESC}[99999999999999999999mhuge${ESC}[0m`,
    `${ESC}Pdevice${ESC}\\after ${ESC}^private${ESC}\\after ${ESC}_command${ESC}\\after ${ESC}Xstart${ESC}\\after`,
    Buffer.from([0x61, 0xff, 0xfe, 0x62, 0xc3, 0x28, 0xe2, 0x82, 0x20, 0xf0, 0x9f, 0x98, 0x20, 0xed, 0xa0, 0x80]),
    Buffer.concat([Buffer.from(`${ESC}[31m`), Buffer.from([0xff, 0xc0, 0xaf]), Buffer.from(`${ESC}[0m`), Buffer.from([0x80, 0x9b, 0x33, 0x31, 0x6d])]),
    Buffer.from([0x61, 0, 0x62, 0, 0, 1, 2, 7, 8, 0x0b, 0x0c, 0x0e, 0x7f]),
    `${ESC}[3${Buffer.from([0]).toString()}1mNUL inside${ESC}[0m`,
    'Windows\r',
    `${ESC}[33mWindows in yellow${ESC}[0m\r`,
    'progress 1%\rprogress 50%\rprogress 100%',
    `a\r${ESC}[31mb\rc${ESC}[0m`,
    '\r',
    '\r\r',
  ];
}

function text(): string[] {
  return [
    'a\ttab\t\tand two, \tone',
    '  leading and trailing  ',
    ' ',
    '\t',
    'grüße привет 日本語 العربية עברית ไทย',
    '🚒 👍🏽 👩‍👩‍👧 é (combined) ﷽',
    'bidi \u202eevil\u202c \u2066x\u2069 zero\u200bwidth \ufeff mark \u00ad soft \u2028 line',
    'x'.repeat(3_000),
    `${ESC}[36m${'日本語 '.repeat(200)}${ESC}[0m`,
    '\\n \\x1b[31m ^[[31m %s ${x} {{y}}',
  ];
}

/** A last screen without styles: a log may well choose colours that nobody can read, and the page is audited at its end. */
function plain(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n ? '' : `${ESC}[0m`}plain ${n + 1}`);
}

/** Lines of random parts; the same at every run. */
function mixed(count: number): Buffer[] {
  let seed = 0x2545f491;
  const random = (below: number) => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const code = () => String([random(10), 21 + random(9), 30 + random(10), 40 + random(10), 90 + random(8), 100 + random(8), `38;5;${random(256)}`, `48;2;${random(256)};9;9`][random(8)]);
  const parts: (() => Buffer | string)[] = [
    () => ['word', 'ERROR', '<tag>', '&amp;', '"q"', "it's", 'é', '日本', '\t', ' ', '\0', '%', 'https://a/b?c=d&e'][random(13)],
    () => `${ESC}[${Array.from({ length: random(4) }, code).join(random(8) ? ';' : ':')}m`,
    () => `${ESC}[${code()}m`,
    () => Buffer.from([random(246) + 11]),
    () => `${ESC}[${random(20)}${'ABCDHJKfnsu'[random(11)]}`,
    () => `${ESC}]8;;http://h/${random(9)}${['\x07', `${ESC}\\`][random(2)]}`,
    () => ['\r', ESC, `${ESC}[`, `${ESC}]0;t\x07`][random(4)],
  ];
  return Array.from({ length: count }, () => {
    const made = Array.from({ length: random(14) }, () => Buffer.from(parts[Math.min(parts.length - 1, random(random(12) ? 3 : 7))]() as string));
    return Buffer.concat(made);
  });
}

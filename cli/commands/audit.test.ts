// Real: the command and its HTTP. Doubled: the server, which answers with a report. Asserted: exit codes,
// what is asked, and what is shown.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuditReport } from '#services/audit/audit-report.ts';
import { auditText } from '../audit-text.ts';
import { audit } from './audit.ts';

const REPORT: AuditReport = {
  verdict: 'missing',
  from: '2026-01-31T12:00:00.000Z',
  to: '2026-01-31T13:00:00.000Z',
  grace_minutes: 10,
  totals: {
    requests_accepted: 3,
    events_accepted: 4,
    events_resolved: 0,
    receipts: 4,
    outboxed: 4,
    observations: 0,
    published: 4,
    replayed: 0,
    spooled: 0,
    spool_waiting: 0,
    dead_lettered: 0,
    consumed: { commission: 3 },
  },
  disagreements: [
    {
      minute: '2026-01-31T12:07:00.000Z',
      kind: 'not_consumed',
      consumer: 'commission',
      events: 1,
      state: 'missing',
    },
  ],
  missing: [
    {
      event_id: 'e7f0c5a6-0000-5000-8000-000000000001',
      kind: 'not_consumed',
      minute: '2026-01-31T12:07:00.000Z',
      consumer: 'commission',
      state: 'missing',
      heals: 'npx tributary replay --from a --to b --consumer commission',
    },
  ],
  truncated: true,
};

let server: Server;
let answer: AuditReport;
let asked: string[];
let shown: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  vi.stubEnv('TRIBUTARY_API_TOKEN', 'a-token-for-these-tests');
  vi.stubEnv('TRIBUTARY_PORT', String((server.address() as AddressInfo).port));
  vi.stubEnv('TRIBUTARY_DATA_DIR', '/nowhere/data');
  asked = [];
  shown = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    shown += String(text);
    return true;
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

describe('tributary audit', () => {
  it.each([
    { verdict: 'proved', exitCode: 0 },
    { verdict: 'missing', exitCode: 1 },
    { verdict: 'healing', exitCode: 4 },
  ] as const)('ends with $exitCode when it is $verdict', async ({ verdict, exitCode }) => {
    answer = { ...REPORT, verdict };
    await audit({ limit: 100, grace: 10, json: true });
    expect(process.exitCode).toBe(exitCode);
    expect(JSON.parse(shown)).toEqual(answer);
  });

  it('asks for what it is told to', async () => {
    answer = REPORT;
    await audit({ limit: 7, grace: 0, from: '2026-01-31T12:00:00+01:00' });
    expect(asked).toEqual([
      '/v1/audit?limit=7&grace_minutes=0&from=2026-01-31T12%3A00%3A00%2B01%3A00',
    ]);
  });
});

describe('the report for people', () => {
  it('says what it found, what disagrees, and what heals it', () => {
    const text = auditText(REPORT);
    expect(text).toMatch(/^MISSING {2}something/);
    expect(text).toMatch(/^events accepted +4$/m);
    expect(text).toMatch(/^consumed by commission +3$/m);
    expect(text).toMatch(/^2026-01-31T12:07:00.000Z +not_consumed +commission +1 +missing$/m);
    expect(text).toContain(REPORT.missing[0]?.heals);
    expect(text).toContain('raise --limit');
  });

  it('shows no table where there is nothing to show, and no control characters', () => {
    const consumed = { 'bad\u001B[2Jname': 1 };
    const text = auditText({
      ...REPORT,
      verdict: 'proved',
      totals: { ...REPORT.totals, consumed },
      disagreements: [],
      missing: [],
      truncated: false,
    });
    expect(text).toMatch(/^PROVED/);
    expect(text).not.toMatch(/MINUTE|EVENT ID|raise/);
    expect(text).not.toContain('\u001B');
  });
});

// What may stand in a connection's log.
import { describe, expect, it } from 'vitest';
import { loggableData, loggableText } from './loggable.ts';

const SECRET = 's3cr3t-V4lue.of/16+chars=';

describe('texts', () => {
  it.each([
    `Authorization: Bearer ${SECRET}`,
    `sent "authorization":"Basic ${SECRET}"`,
    `GET https://api.example.com/v1/me?access=${SECRET} answered 401`,
    `https://user:${SECRET}@api.example.com/v1`,
    `{"error":"invalid_grant","refresh_token":"${SECRET}"}`,
    `grant_type=refresh_token&client_secret=${SECRET}&x=1`,
    `api_key: ${SECRET}`,
    `Zoho-oauthtoken: ${SECRET}`,
    `code=${SECRET}`,
  ])('lose what looks like a secret: %s', (text) => {
    const logged = loggableText(text);
    expect(logged).toContain('[removed]');
    expect(logged).not.toContain('s3cr3t');
  });

  it.each([
    'HubSpot answered 502, error code: INVALID_SESSION, error_code=EXPIRED.',
    'The provider did not answer within 10 s.',
    'The token was revoked. Authenticate the connection again.',
    'See https://example.com/docs/errors#codes: Zoë “1”.',
  ])('stay as they are: %s', (text) => {
    expect(loggableText(text)).toBe(text);
  });

  it('are cut, and storable', () => {
    expect(loggableText('x'.repeat(501))).toBe(`${'x'.repeat(499)}…`);
    expect(loggableText('a\0b\ud800c')).toBe('ab\ufffdc');
    expect(loggableText(`${'x'.repeat(498)}🎈🎈`).isWellFormed()).toBe(true);
  });
});

describe('data', () => {
  it('keeps numbers, truth values and texts', () => {
    const data = { status: 502, again: true, account: 'Acme', expires_at: '2026-01-31T12:00:00Z' };
    expect(loggableData(data)).toEqual(data);
  });

  it.each(['secret', 'access_token', 'apiKey', 'Password', 'authorization', 'set-cookie'])(
    'keeps no text under the name %s',
    (name) => {
      expect(loggableData({ [name]: SECRET })).toEqual({ [name]: '[removed]' });
    },
  );

  it.each(['token_expires_at', 'secret_ref', 'credential_kind', 'secret_version'])(
    'keeps what is said about a secret: %s',
    (name) => {
      expect(loggableData({ [name]: 'oauth2' })).toEqual({ [name]: 'oauth2' });
    },
  );

  it('cuts long texts and many names', () => {
    const names = Array.from({ length: 30 }, (_, index) => [`n${index}`, 'x'.repeat(300)] as const);
    const kept = Object.entries(loggableData(Object.fromEntries(names)));
    expect(kept).toHaveLength(20);
    expect(new Set(kept.map(([, value]) => String(value).length))).toEqual(new Set([200]));
  });
});

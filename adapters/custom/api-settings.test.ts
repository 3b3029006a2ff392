import { describe, expect, it } from 'vitest';
import { settingsSchema } from './settings.ts';

const parse = (api: unknown) => settingsSchema.safeParse({ definition: {}, api });

describe('api', () => {
  it('may be left out', () => {
    expect(settingsSchema.parse({ definition: {} })).toEqual({ definition: {} });
  });

  it('needs the base URL alone', () => {
    expect(parse({ base_url: 'https://api.example.com/v1/' }).data?.api).toEqual({
      base_url: 'https://api.example.com/v1',
      key_header: 'authorization',
      key_prefix: 'Bearer ',
      health_path: '/',
    });
  });

  it.each([
    ['a private address', { base_url: 'https://10.0.0.1' }],
    ['a header of the connection', { key_header: 'Host' }],
    ['a header that is none', { key_header: 'x y' }],
    ['a prefix of two lines', { key_prefix: 'a\r\nb: c' }],
    ['a path that is none', { health_path: 'me' }],
    ['a path that is a host', { health_path: '//example.net/' }],
    ['a path of two lines', { health_path: '/a\r\nb' }],
    ['an unknown field', { colour: 1 }],
  ])('refuses %s', (_name, fields) => {
    expect(parse({ base_url: 'https://api.example.com', ...fields }).success).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { apiUrl, isAllowedApiUrl } from './api-url.ts';

describe('isAllowedApiUrl', () => {
  it.each([
    ['https://api.example.com', 'everywhere'],
    ['https://api.example.com:8443/v1/', 'everywhere'],
    ['HTTPS://API.EXAMPLE.COM', 'everywhere'],
    ['https://api.example.com.', 'everywhere'],
    ['https://93.184.215.14', 'everywhere'],
    ['https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]', 'everywhere'],
    ['http://localhost:9000', 'with loopback'],
    ['http://crm.localhost:9000', 'with loopback'],
    ['http://localhost.:9000', 'with loopback'],
    ['http://127.0.0.1:9000/base', 'with loopback'],
    ['http://127.200.0.1', 'with loopback'],
    ['http://2130706433', 'with loopback'],
    ['http://0177.0.0.1', 'with loopback'],
    ['http://[::1]:9000', 'with loopback'],
    ['http://[::ffff:127.0.0.1]', 'with loopback'],
    ['https://localhost', 'with loopback'],
    ['http://api.example.com', 'nowhere'],
    ['http://93.184.215.14', 'nowhere'],
    ['ftp://api.example.com', 'nowhere'],
    ['ftp://localhost', 'nowhere'],
    ['file:///etc/passwd', 'nowhere'],
    ['https://user@api.example.com', 'nowhere'],
    ['https://user:word@api.example.com', 'nowhere'],
    ['https://:word@api.example.com', 'nowhere'],
    ['https://api.example.com/?to=1', 'nowhere'],
    ['https://api.example.com/?', 'nowhere'],
    ['https://api.example.com/#part', 'nowhere'],
    ['https://10.0.0.1', 'nowhere'],
    ['https://172.16.0.1', 'nowhere'],
    ['https://192.168.1.1', 'nowhere'],
    ['https://169.254.169.254', 'nowhere'],
    ['https://100.64.0.1', 'nowhere'],
    ['https://0.0.0.0', 'nowhere'],
    ['https://0', 'nowhere'],
    ['https://0x0a000001', 'nowhere'],
    ['https://[::]', 'nowhere'],
    ['https://[fe80::1]', 'nowhere'],
    ['https://[fd00::1]', 'nowhere'],
    ['https://[::ffff:10.0.0.1]', 'nowhere'],
    ['https://[::10.0.0.1]', 'nowhere'],
    ['https://[::127.0.0.1]', 'nowhere'],
    ['https://[fec0::1]', 'nowhere'],
    ['https://[64:ff9b::a00:1]', 'nowhere'],
    ['https://[2002:a00:1::]', 'nowhere'],
    ['https://metadata.google.internal', 'nowhere'],
    ['https://metadata.google.internal.', 'nowhere'],
    ['https://printer.local', 'nowhere'],
    ['https://intranet', 'nowhere'],
    ['https://', 'nowhere'],
    ['not a url', 'nowhere'],
    ['', 'nowhere'],
  ])('%s: %s', (url, where) => {
    expect([
      isAllowedApiUrl(url, { allowLoopback: false }),
      isAllowedApiUrl(url, { allowLoopback: true }),
    ]).toEqual([where === 'everywhere', where !== 'nowhere']);
  });
});

describe('apiUrl', () => {
  const own = apiUrl(['example.com', 'example.org']);

  it.each([
    ['https://example.com', 'https://example.com'],
    ['https://api.example.org/v1/', 'https://api.example.org/v1'],
    ['http://127.0.0.1:9000//', 'http://127.0.0.1:9000'],
  ])('takes %s as %s', (url, parsed) => {
    expect(own.parse(url)).toBe(parsed);
    expect(own.parse(parsed)).toBe(parsed);
  });

  it.each([
    ['https://api.example.net', 'The host must be'],
    ['https://badexample.com', 'The host must be'],
    ['https://example.com.evil.net', 'The host must be'],
    ['https://example.com@evil.net', 'Give a URL'],
    ['http://example.com', 'Give a URL'],
    ['https://10.0.0.1', 'Give a URL'],
    ['api.example.com', 'Invalid URL'],
    ['ftp://api.example.com', 'Invalid URL'],
  ])('refuses %s: %s', (url, message) => {
    expect(own.safeParse(url).error?.issues.map((issue) => issue.message)).toEqual([
      expect.stringContaining(message),
    ]);
  });

  it('refuses one that is too long', () => {
    expect(own.safeParse(`https://example.com/${'a'.repeat(2_048)}`).success).toBe(false);
  });

  it('takes any public host where none is named', () => {
    expect(apiUrl().parse('https://api.example.net/')).toBe('https://api.example.net');
    expect(apiUrl().safeParse('https://10.0.0.1').success).toBe(false);
  });
});

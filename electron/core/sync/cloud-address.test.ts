import { describe, expect, it } from 'vitest';
import { cloudAddress } from './cloud-address.ts';

describe('the cloud’s address', () => {
  it.each([
    ['https://cloud.example.org', 'https://cloud.example.org'],
    ['  https://cloud.example.org/ ', 'https://cloud.example.org'],
    ['https://cloud.example.org:8443/vantage/', 'https://cloud.example.org:8443/vantage'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('%s is %s', (typed, address) => {
    expect(cloudAddress(typed)).toBe(address);
  });

  it.each([
    'http://cloud.example.org',
    'http://127.0.0.1.example.org',
    'http://localhost.example.org',
    'ftp://cloud.example.org',
    'cloud.example.org',
    'https://user:secret@cloud.example.org',
    'https://cloud.example.org/?a=b',
    'https://cloud.example.org/#a',
    '',
  ])('%s is none', (typed) => {
    expect(() => cloudAddress(typed)).toThrow(expect.objectContaining({ code: 'CLOUD_ADDRESS_WRONG' }));
  });

  it('may be http elsewhere only where a developer says so', () => {
    expect(cloudAddress('http://cloud.test:8080', true)).toBe('http://cloud.test:8080');
    expect(() => cloudAddress('ftp://cloud.test', true)).toThrow('not https');
  });
});

import { describe, expect, it } from 'vitest';
import { contentSecurityPolicy, securityHeaders } from './content-security-policy.ts';

const policy = new Map(
  contentSecurityPolicy()
    .split('; ')
    .map((directive): [string, string[]] => {
      const [name = '', ...sources] = directive.split(' ');
      return [name, sources];
    }),
);

describe('content security policy', () => {
  it('starts from nothing', () => {
    expect(policy.get('default-src')).toEqual(["'none'"]);
    for (const name of ['object-src', 'base-uri', 'form-action', 'manifest-src'])
      expect([name, policy.get(name)]).toEqual([name, ["'none'"]]);
  });

  it('runs scripts of the bundle only: none inline, none evaluated, none from elsewhere', () => {
    expect(policy.get('script-src')).toEqual(["'self'"]);
    expect(policy.get('style-src')).toEqual(["'self'"]);
    expect(contentSecurityPolicy()).not.toMatch(/unsafe|\*|https?:|wasm/);
  });

  it('demands Trusted Types and names no policy that could make them', () => {
    expect(policy.get('require-trusted-types-for')).toEqual(["'script'"]);
    expect(policy.get('trusted-types')).toEqual(["'none'"]);
  });

  it('comes with headers that keep nothing and sniff nothing', () => {
    expect(securityHeaders()).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
});

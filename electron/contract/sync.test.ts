import { describe, expect, it } from 'vitest';
import { CONTRACT_VERSION, contractService, documentSchemas, enrolmentCodeSchema, replicationPath } from './index.ts';
import { CLOUD_FIELDS, pullRequestSchema } from './sync.ts';

describe('which stations the cloud serves', () => {
  it.each([
    ['1.0', '1.0', 'served'],
    ['1.9', '1.0', 'served'],
    ['1.0', '3.2', 'served'],
    ['1.7', '4.0', 'station-too-old'],
    ['2.0', '4.0', 'served'],
    ['5.0', '4.9', 'cloud-too-old'],
    ['', '1.0', 'station-too-old'],
    ['1.0; DROP', '1.0', 'station-too-old'],
  ] as const)('a station of %s and a cloud of %s: %s', (station, cloud, service) => {
    expect(contractService(station, cloud)).toBe(service);
  });

  it('its own version', () => {
    expect(contractService(CONTRACT_VERSION)).toBe('served');
  });
});

describe('what travels', () => {
  it('is asked for under a path of each collection', () => {
    expect(replicationPath('sessions', 'push')).toBe('/v1/replication/sessions/push');
  });

  it('has the cloud’s own fields in the documents that they are said to be in', () => {
    for (const [collection, fields = []] of Object.entries(CLOUD_FIELDS)) {
      const { shape } = documentSchemas[collection as keyof typeof documentSchemas];
      expect(fields.filter((field) => !(field in shape))).toEqual([]);
    }
  });

  it.each([
    ['0123-4567-89AB-CDEF', '0123456789ABCDEF'],
    ['oil1 4567 89ab cdef', '01114567 89ABCDEF'.replace(' ', '')],
  ])('code %s is read as %s', (typed, read) => {
    expect(enrolmentCodeSchema.parse(typed)).toBe(read);
  });

  it.each(['0123-4567-89AB-CDE', '0123-4567-89AB-CDEU', ''])('code "%s" is none', (typed) => {
    expect(enrolmentCodeSchema.safeParse(typed).success).toBe(false);
  });

  it('is pulled in pages within the limit', () => {
    const request = { contractVersion: '1.0', checkpoint: null };
    expect(pullRequestSchema.parse(request).limit).toBe(200);
    expect(pullRequestSchema.safeParse({ ...request, limit: 501 }).success).toBe(false);
  });
});

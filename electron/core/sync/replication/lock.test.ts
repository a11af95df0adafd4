import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Lock } from './lock.ts';

it('has two side by side at most, nobody beside one that is alone, and keeps the order', async () => {
  const lock = new Lock();
  const events: string[] = [];
  const gates = new Map<string, () => void>();
  const work = (name: string) => async (): Promise<void> => {
    events.push(name);
    await new Promise<void>((resolve) => gates.set(name, resolve));
  };
  const open = async (name: string): Promise<void> => {
    gates.get(name)?.();
    await setImmediate();
  };
  const all = [
    lock.runBeside(work('one')),
    lock.runBeside(work('two')),
    lock.runBeside(work('three')),
    lock.run(work('alone')),
    lock.runBeside(work('last')),
  ];
  await setImmediate();
  expect(events).toEqual(['one', 'two']);
  await open('two');
  expect(events).toEqual(['one', 'two', 'three']);
  await open('one');
  expect(events).toHaveLength(3);
  await open('three');
  expect(events.slice(3)).toEqual(['alone']);
  await open('alone');
  expect(events.slice(4)).toEqual(['last']);
  await open('last');
  await Promise.all(all);
});

it('goes on after a failure', async () => {
  const lock = new Lock();
  await expect(lock.run(async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await lock.run(async () => 1)).toBe(1);
});

import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../src/upload/buffer-pool.ts';

const mib = 1024 * 1024;

/** Whether a promise is settled once everything that is ready has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('BufferPool', () => {
  it('gives a buffer of at least the requested size', async () => {
    const pool = new BufferPool();
    const sizes = [1, 262_144, 262_145, 10 * mib + 1];
    const buffers = await Promise.all(sizes.map((size) => pool.acquire(size)));
    for (const [i, buffer] of buffers.entries()) {
      expect(buffer.length).toBeGreaterThanOrEqual(sizes[i]!);
    }
  });

  it('gives a released buffer to the next file that fits', async () => {
    const pool = new BufferPool();
    const first = await pool.acquire(3 * mib);
    pool.release(first);
    const second = await pool.acquire(2 * mib);
    expect(second).toBe(first);
    const third = await pool.acquire(2 * mib);
    expect(third).not.toBe(first);
  });

  it('waits if 256 MiB would be exceeded, first come, first served', async () => {
    const pool = new BufferPool();
    const held = await Promise.all(Array.from({ length: 5 }, () => pool.acquire(50 * mib)));
    const large = pool.acquire(50 * mib);
    const small = pool.acquire(1);
    expect(await isSettled(large)).toBe(false);
    expect(await isSettled(small)).toBe(false);
    pool.release(held[0]!);
    expect(await large).toBe(held[0]);
    expect(await isSettled(small)).toBe(true);
  });

  it('accepts one file that is larger than the bound, but only alone', async () => {
    const pool = new BufferPool();
    const huge = await pool.acquire(300 * mib);
    const next = pool.acquire(1);
    expect(await isSettled(next)).toBe(false);
    pool.release(huge);
    expect((await next).length).toBeGreaterThan(0);
  });

  it('drops free buffers that are too small before it exceeds the bound', async () => {
    const pool = new BufferPool();
    const small = await Promise.all(Array.from({ length: 8 }, () => pool.acquire(30 * mib)));
    for (const buffer of small) {
      pool.release(buffer);
    }
    const large = await Promise.all(Array.from({ length: 4 }, () => pool.acquire(60 * mib)));
    expect(large.every((buffer) => !small.includes(buffer))).toBe(true);
    expect(await isSettled(pool.acquire(60 * mib))).toBe(false);
  });
});

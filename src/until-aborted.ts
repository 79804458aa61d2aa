/** Settles like `promise`, or rejects with the signal's reason if that is aborted first. */
export function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) {
      onAbort();
    } else {
      signal.addEventListener('abort', onAbort);
    }
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Like {@link untilAborted}, but resolves to undefined if the signal is aborted first. */
export async function unlessAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value | undefined> {
  return untilAborted(promise, signal).catch((error: unknown) => {
    if (!signal.aborted) {
      throw error;
    }
    return undefined;
  });
}

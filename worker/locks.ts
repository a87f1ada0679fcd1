/** Gives the lock back. */
export type Release = () => void;

/** Takes a lock that goes when the worker goes. Nothing, where it is asked for only if it is free, and is not. */
export function hold(name: string, options: LockOptions = {}): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, options, (lock) => {
        if (!lock) return resolve(undefined);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

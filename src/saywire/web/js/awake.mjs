// Keeps the screen on while somebody listens, where the browser can: it lets go of that whenever the page is hidden.

/** @type {WakeLockSentinel | null} */
let lock = null;
let wanted = false;

/** @param {boolean} awake */
export async function stayAwake(awake) {
  wanted = awake;
  if (!awake) {
    await lock?.release();
    lock = null;
    return;
  }
  try {
    lock = (await navigator.wakeLock?.request('screen')) ?? null;
    if (!wanted) await stayAwake(false);
  } catch {
    lock = null; // a battery that is low, a page that is hidden
  }
}

document.addEventListener('visibilitychange', () => { if (wanted && document.visibilityState === 'visible') stayAwake(true); });

// Moments of the audio, in seconds from its beginning, as people and subtitle files write them.

/** @param {number} number */
const pad = (number, width = 2) => String(number).padStart(width, '0');

/**
 * 3725.04 -> [1, 2, 5, 40]: hours, minutes, seconds, milliseconds; rounded once, so that nothing reads 60.
 * @param {number} seconds
 */
function split(seconds) {
  const whole = Math.max(0, Math.round((Number.isFinite(seconds) ? seconds : 0) * 1000));
  return [Math.floor(whole / 3600000), Math.floor(whole / 60000) % 60, Math.floor(whole / 1000) % 60, whole % 1000];
}

/**
 * 65.2 -> "1:05", 3725 -> "1:02:05"
 * @param {number} seconds
 */
export function showTime(seconds) {
  const [hours, minutes, rest] = split(Math.floor(seconds));
  return hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

/**
 * 65.2 -> "00:01:05.200"; SubRip wants a comma where WebVTT wants a point.
 * @param {number} seconds
 */
export function stamp(seconds, mark = '.') {
  const [hours, minutes, rest, thousandths] = split(seconds);
  return `${pad(hours)}:${pad(minutes)}:${pad(rest)}${mark}${pad(thousandths, 3)}`;
}

/**
 * "a, b\nc" -> ["a", "b", "c"], also with Chinese commas; none twice.
 * @param {string} text
 */
export const readHotwords = (text) => [
  ...new Set(text.split(/[\n,，、;；]/).map((word) => word.trim()).filter(Boolean)),
];

/** "a, b\nc" -> ["a", "b", "c"], also with Chinese commas; none twice. */
export const readHotwords = (text) => [
  ...new Set(text.split(/[\n,，、;；]/).map((word) => word.trim()).filter(Boolean)),
];

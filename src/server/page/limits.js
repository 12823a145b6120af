// @ts-check
/** Bytes of a body that the server takes: the default of `bodyLimit` in src/server/options.ts. */
export const MOST_BYTES = 4 * 1024 * 1024;

const MIB = 1024 * 1024;

/**
 * @param {unknown} body
 * @returns {string} why it cannot be sent, or nothing
 */
export function tooLarge(body) {
  const bytes = new Blob([JSON.stringify(body)]).size;
  if (bytes <= MOST_BYTES) return '';
  const size = Math.ceil((bytes / MIB) * 10) / 10;
  return `${size.toFixed(1)} MiB are too much: the server takes ${MOST_BYTES / MIB} MiB at once. Send fewer or shorter documents.`;
}

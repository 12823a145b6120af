// @ts-check
/** Typed metadata values, as GGUF wants them. @typedef {import('./gguf-format.mjs').Value} Value */

/** @param {number} value @returns {Value} */
export const u32 = (value) => ({ type: 'u32', value });

/** @param {number} value @returns {Value} */
export const f32 = (value) => ({ type: 'f32', value });

/** @param {boolean} value @returns {Value} */
export const bool = (value) => ({ type: 'bool', value });

/** @param {string} value @returns {Value} */
export const text = (value) => ({ type: 'string', value });

/** @param {string[]} value @returns {Value} */
export const texts = (value) => ({ type: 'array', items: 'string', value });

/** @param {number[]} value @returns {Value} */
export const i32s = (value) => ({ type: 'array', items: 'i32', value });

/** @param {number[]} value @returns {Value} */
export const f32s = (value) => ({ type: 'array', items: 'f32', value });

/** @param {number[]} value @returns {Value} */
export const u8s = (value) => ({ type: 'array', items: 'u8', value });

/** @param {boolean[]} value @returns {Value} */
export const bools = (value) => ({ type: 'array', items: 'bool', value });

/**
 * Keys that every model of ours begins with.
 *
 * @param {string} architecture
 * @param {string} name
 * @param {number} fileType
 * @returns {Record<string, Value>}
 */
export function general(architecture, name, fileType) {
  return {
    'general.architecture': text(architecture),
    'general.type': text('model'),
    'general.name': text(name),
    'general.license': text('mit'),
    'general.description': text('Random weights for tests. It ranks nothing.'),
    'general.file_type': u32(fileType),
    'general.quantization_version': u32(2),
  };
}

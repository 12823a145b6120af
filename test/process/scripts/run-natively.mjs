// @ts-check
import { checkModel } from '../../../dist/files/check/check.js';
import { openModelFile } from '../../../dist/files/model-file.js';
import { openAddon } from '../../../scripts/model/addon.mjs';

const TEXTS = [
  'how do bees make honey?',
  'Ώ Ａ ﬁ　é 🙂\t\r\n',
  '',
  '\u0000\u0001\u007f\u0085\ufeff\u{10ffff}',
  'a'.repeat(3000),
  '<s> [MASK]',
];
const MOST_TOKENS = 48;

/**
 * Loads a model that passes the check, cuts texts into tokens and computes states: what the model is used for in every family.
 *
 * @param {string} path
 * @param {{ causal: boolean, mmap: boolean, flashAttention: boolean }} options
 * @returns {Promise<{ stage: 'refused' | 'failed' | 'ranked', code: string, message?: string }>}
 */
export async function runNatively(path, { causal, mmap, flashAttention }) {
  /** @type {'refused' | 'failed'} */
  let stage = 'refused';
  try {
    const file = await openModelFile(path);
    await checkModel(file).finally(() => file.close());
    const addon = await openAddon();
    const model = new addon.Model(path, { gpuLayers: 0, useGpu: false, mmap }, null);
    try {
      const { vocabulary } = await model.load();
      stage = 'failed';
      const { ids } = await model.tokenize(TEXTS);
      if (!ids.every((id) => id >= 0 && id < vocabulary)) return { stage: 'ranked', code: 'UNSOUND' };
      const tokens = ids.length > 1 ? ids.slice(0, MOST_TOKENS) : Int32Array.of(0, 1);
      const half = tokens.length >> 1;
      const none = new Int32Array();
      const context = new addon.Context(model, {
        ...{ states: causal ? 'marked' : 'mean', threads: 1, ubatch: 64, flashAttention, kernels: 'avx512', kvCacheType: 'f16' },
        maxTokens: MOST_TOKENS,
      });
      const lengths = causal ? [tokens.length] : [half, tokens.length - half];
      const rows = causal ? Int32Array.of(tokens.length - 1) : none;
      await context.run({ tokens, lengths: Int32Array.from(lengths), rows, cuts: none }, null);
      return { stage: 'ranked', code: '' };
    } finally {
      await model.close();
    }
  } catch (error) {
    const { code, message } = /** @type {{ code?: string, message: string }} */ (error);
    return { stage, code: code ?? String(error), message };
  }
}

// @ts-check
// MODEL is a folder that make-onnx.py wrote. Settings: dtype (fp32, q8), batch (0: all documents at once), graph (model, fused).
import { AutoModelForSequenceClassification, AutoTokenizer, env } from '@huggingface/transformers';
import { runPeer, versionIn } from './contract.mjs';

const version = versionIn(new URL('../package.json', import.meta.resolve('@huggingface/transformers')));
env.allowRemoteModels = false;

await runPeer('transformers.js', version, async (folder, threads, { dtype, batch, graph }) => {
  env.localModelPath = `${folder}/..`;
  const name = folder.split(/[/\\]/).at(-1) ?? '';
  const tokenizer = await AutoTokenizer.from_pretrained(name);
  const model = await AutoModelForSequenceClassification.from_pretrained(name, {
    device: 'cpu',
    dtype,
    model_file_name: graph,
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all' },
  });
  return {
    rank: async ({ query, documents }) => {
      // Documents of like length share a batch: less padding.
      const order = documents.map((_, index) => index).sort((a, b) => length(documents, a) - length(documents, b));
      const scores = documents.map(() => Number.NaN);
      let tokens = 0;
      const size = batch || documents.length;
      for (let start = 0; start < order.length; start += size) {
        const part = order.slice(start, start + size);
        const inputs = tokenizer(new Array(part.length).fill(query), {
          text_pair: part.map((index) => documents[index] ?? ''),
          padding: true,
          truncation: true,
        });
        const { logits } = await model(inputs);
        part.forEach((index, row) => {
          scores[index] = 1 / (1 + Math.exp(-logits.data[row]));
        });
        for (const bit of inputs.attention_mask.data) tokens += Number(bit);
      }
      return { scores, tokens };
    },
    close: () => model.dispose(),
  };
});

/** @param {string[]} documents @param {number} index */
function length(documents, index) {
  return documents[index]?.length ?? 0;
}

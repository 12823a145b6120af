// @ts-check
/**
 * @typedef {object} Call
 * @property {string} url of the rerank route
 * @property {string} model
 * @property {string} query
 * @property {readonly string[]} documents
 * @property {number | undefined} topN
 * @property {boolean} key whether the server wants a key; it is never shown
 */

/**
 * One word for sh, bash and zsh.
 * @param {string} text
 */
export function shellQuote(text) {
  if (/^[\w@:,./+-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The request as JSON, from a here-document: nothing in it needs quoting, and it may be longer than an argument.
 * @param {Call} call
 */
export function curlSnippet({ url, model, query, documents, topN, key }) {
  const body = { model, query, ...(topN ? { top_n: topN } : {}), documents };
  const lines = [
    `curl -sS ${shellQuote(url)}`,
    "-H 'Content-Type: application/json'",
    ...(key ? ['-H "Authorization: Bearer $LLAMA_RERANK_API_KEY"'] : []),
    "--data-binary @- <<'EOF'",
  ];
  return `${lines.join(' \\\n  ')}\n${JSON.stringify(body, null, 2)}\nEOF\n`;
}

/** @param {Call} call */
export function cliSnippet({ model, query, documents, topN }) {
  const command = `llama-rerank rank -m ${shellQuote(model)}${topN ? ` -n ${topN}` : ''} --input jsonl -q ${shellQuote(query)} <<'EOF'`;
  return `${command}\n${documents.map((text) => `${JSON.stringify({ text })}\n`).join('')}EOF\n`;
}

/** @param {Call} call */
export function typescriptSnippet({ model, query, documents, topN }) {
  const list = documents.map((text) => `  ${JSON.stringify(text)},\n`).join('');
  return `import { Reranker } from 'llama-rerank';

const documents = [
${list}];

const reranker = await Reranker.load(${JSON.stringify(model)});
const { results } = await reranker.rerank(${JSON.stringify(query)}, documents${topN ? `, { topN: ${topN} }` : ''});
for (const { relevanceScore, document } of results) console.log(relevanceScore.toFixed(4), document);
await reranker.dispose();
`;
}

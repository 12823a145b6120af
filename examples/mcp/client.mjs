#!/usr/bin/env node
// What an agent does with `llama-rerank mcp`, by the official client of the Model Context Protocol.
//
//   npm install llama-rerank @modelcontextprotocol/client
//   node examples/mcp/client.mjs
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const notes = fileURLToPath(new URL('../notes', import.meta.url));
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const client = new Client({ name: 'example', version: '1.0.0' });
// Outside a checkout: { command: 'npx', args: ['-y', 'llama-rerank', 'mcp', '--root', notes] }
await client.connect(
  new StdioClientTransport({ command: process.execPath, args: [cli, 'mcp', '--root', notes], stderr: 'ignore' }),
);

const { tools } = await client.listTools();
console.log('tools:', tools.map(({ name }) => name).join(', '));

const { content } = await client.callTool({
  name: 'rerank',
  arguments: {
    query: 'the radiators stay cold',
    files: ['car.md', 'cat.md', 'heating.md'],
    documents: ['Cats are said to have nine lives.'],
    topN: 2,
  },
});
for (const part of content) if (part.type === 'text') console.log(part.text);

await client.close();

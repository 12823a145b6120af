// What the build bundles of the official SDK, so that no user installs it: see scripts/bundle-mcp.mjs.
export { type CallToolResult, McpServer, type ServerContext } from '@modelcontextprotocol/server';
export { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
export { array, boolean, enum as oneOf, int, number, optional, strictObject, string } from 'zod';

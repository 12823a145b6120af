export { createApp, type RerankApp } from './app.js';
export { ListenError, type ListenOptions, type RunningServer, startServer } from './listen.js';
export type { LoadModel, ServedModel, ServedReranker, ServerOptions } from './options.js';

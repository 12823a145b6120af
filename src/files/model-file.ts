import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { RerankError } from '../errors.js';
import { isPacked } from './asar.js';

/** What tells one state of a file from another. */
interface State {
  readonly device: bigint;
  readonly file: bigint;
  readonly size: bigint;
  /** Nanoseconds. */
  readonly modified: bigint;
}

/** A model file that is open for reading: what is checked through it is what is loaded through it. */
export class ModelFile {
  readonly size: number;

  constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private readonly state: State,
  ) {
    this.size = Number(state.size);
  }

  /** The descriptor, for the addon. */
  get descriptor(): number {
    return this.handle.fd;
  }

  /** What the addon compares on Windows: see NativeModelOptions. */
  get identity(): string {
    return [this.state.file, this.state.size, this.state.modified].join(':');
  }

  /** Equal for two openings of one file that was not changed in between. */
  get key(): string {
    return `${this.state.device}:${this.identity}`;
  }

  /** Fills `bytes` from `position` on; fewer are read only at the end of the file. */
  async read(bytes: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.handle
        .read(bytes, filled, bytes.length - filled, position + filled)
        .catch((cause: unknown) => {
          throw new RerankError('MODEL_UNREADABLE', `cannot read ${this.path}: ${(cause as Error).message}`, { cause });
        });
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  /**
   * Checks that the file is as it was when it was opened. Another file under the same name is no change: it is not the one that is
   * open.
   *
   * @throws RerankError MODEL_CHANGED
   */
  async expectUnchanged(): Promise<void> {
    const now = await stateOf(this.handle);
    const { size, modified } = this.state;
    if (now.size === size && now.modified === modified) return;
    const change = now.size === size ? 'written to' : `resized from ${this.size} to ${now.size} bytes`;
    throw new RerankError('MODEL_CHANGED', `${this.path} was ${change} while it was in use. Load it again`);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.handle.fd >= 0) await this.handle.close();
  }
}

/**
 * Opens a model file that exists, can be read and is a regular file.
 *
 * @throws RerankError MODEL_NOT_FOUND, MODEL_UNREADABLE, MODEL_NOT_REGULAR (a folder, a pipe, a device)
 */
export async function openModelFile(path: string): Promise<ModelFile> {
  const handle = await openFile(path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      const kind = stat.isDirectory() ? 'a folder' : 'not a regular file';
      throw new RerankError('MODEL_NOT_REGULAR', `expected a GGUF file, but ${path} is ${kind}`);
    }
    return new ModelFile(path, handle, await stateOf(handle));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function stateOf(handle: FileHandle): Promise<State> {
  const { dev, ino, size, mtimeNs } = await handle.stat({ bigint: true });
  return { device: dev, file: ino, size, modified: mtimeNs };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK (which Windows has not), opening a named pipe that nobody writes to never returns.
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const hint = isPacked(path) ? '. Files inside an asar archive cannot be opened here: list it in asarUnpack' : '';
    if (code === 'ENOENT' || code === 'ENOTDIR' || path === '') {
      const message = `there is no file ${path === '' ? '"" (the path is empty)' : path}${hint}`;
      throw new RerankError('MODEL_NOT_FOUND', message, { cause });
    }
    // ENXIO: a socket, on Linux; macOS says EOPNOTSUPP.
    if (code === 'ENXIO' || code === 'EISDIR' || code === 'EOPNOTSUPP' || code === 'ENOTSUP') {
      throw new RerankError('MODEL_NOT_REGULAR', `expected a GGUF file, but ${path} is not a regular file`, { cause });
    }
    throw new RerankError('MODEL_UNREADABLE', `cannot open ${path}: ${(cause as Error).message}${hint}`, { cause });
  }
}

import { existsSync } from 'node:fs';

/**
 * Where a file that seems to lie in an Electron archive (`app.asar`) really is: `asarUnpack` puts it into `app.asar.unpacked`. Native
 * code cannot open what is inside the archive. Other paths, and files that were not unpacked, stay as they are.
 */
export function unpacked(path: string): string {
  const beside = path.replace(/\.asar(?=[\\/])/, '.asar.unpacked');
  return beside !== path && existsSync(beside) ? beside : path;
}

/** Whether native code cannot open it, since it is inside an Electron archive. */
export function isPacked(path: string): boolean {
  return /\.asar[\\/]/.test(path);
}

import { buildTypeScript } from '../../scripts/build-typescript.mjs';

/** Child processes run dist/, which must not be older than src/. */
export default async function setup(): Promise<void> {
  if (!(await buildTypeScript()))
    throw new Error('src/ does not compile, so that tests in child processes would run an old dist/');
}

// @ts-check
// What Electron's utility process gives to the module in argv[2], over the channel of fork: messages in `event.data`.
import { EventEmitter } from 'node:events';
import { pathToFileURL } from 'node:url';

const parentPort = Object.assign(new EventEmitter(), {
  /** @param {any} message */
  postMessage: (message) => process.send?.(message),
});
process.on('disconnect', () => process.exit());
Object.assign(process, { parentPort });
await import(pathToFileURL(process.argv[2] ?? '').href);
// Electron, too, keeps messages until somebody listens.
process.on('message', (data) => parentPort.emit('message', { data, ports: [] }));

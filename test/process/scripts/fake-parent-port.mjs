// What Electron gives a utility process in place of process.send: loaded before its script. As there, messages wait for the first listener.
import { EventEmitter } from 'node:events';

const port = new EventEmitter();
port.once('newListener', () => process.on('message', (data) => port.emit('message', { data })));
const postMessage = (/** @type {unknown} */ message) => process.send?.(message);
Object.assign(process, { parentPort: Object.assign(port, { postMessage }) });

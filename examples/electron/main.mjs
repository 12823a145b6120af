// The main process: a window, the search process, and what the page may ask for.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, dialog, ipcMain, session, shell, utilityProcess } from 'electron';
import { SearchService } from './search-service.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const settings = join(app.getPath('userData'), 'settings.json');
const service = new SearchService(() => utilityProcess.fork(here('search-process.mjs'), [], { serviceName: 'Search' }));

let folder = process.argv.find((argument) => argument.startsWith('--folder='))?.slice('--folder='.length) ?? savedFolder();

function savedFolder() {
  return existsSync(settings) ? JSON.parse(readFileSync(settings, 'utf8')).folder : undefined;
}

/** Only our own page may ask, and errors keep their code. */
function handle(channel, work) {
  ipcMain.handle(channel, async (event, ...parameters) => {
    if (!event.senderFrame || event.senderFrame !== event.sender.mainFrame) throw new Error('not from the page of this app');
    try {
      return { value: await work(...parameters) };
    } catch ({ name, code, message }) {
      return { error: { name, code, message } };
    }
  });
}

handle('opened', () => (folder === undefined ? undefined : service.open(resolve(folder))));
handle('choose', async () => {
  const { filePaths } = await dialog.showOpenDialog({ properties: ['openDirectory'] });
  if (filePaths.length === 0) return undefined;
  folder = filePaths[0];
  writeFileSync(settings, JSON.stringify({ folder }));
  return service.open(folder);
});
handle('search', (query) => service.search(String(query)));
handle('show', (file) => {
  const path = resolve(folder, String(file));
  // The page names notes, not any file.
  if (path.startsWith(resolve(folder) + sep)) shell.showItemInFolder(path);
});

app.whenReady().then(() => {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  createWindow();
  app.on('activate', () => BrowserWindow.getAllWindows().length === 0 && createWindow());
});
app.on('window-all-closed', () => process.platform !== 'darwin' && app.quit());
app.on('quit', () => service.stop());
app.on('web-contents-created', (_event, contents) => {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event) => event.preventDefault());
});

function createWindow() {
  const window = new BrowserWindow({
    width: 760,
    height: 720,
    minWidth: 360,
    show: false,
    webPreferences: { preload: here('preload.cjs'), contextIsolation: true, sandbox: true, nodeIntegration: false },
  });
  window.once('ready-to-show', () => window.show());
  window.loadFile(here('page/index.html'));
}

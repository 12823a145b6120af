// All that the page can reach: four questions to the main process. Preload scripts in a sandbox are CommonJS.
const { contextBridge, ipcRenderer } = require('electron');

contextBridge.exposeInMainWorld('notes', {
  opened: () => ipcRenderer.invoke('opened'),
  choose: () => ipcRenderer.invoke('choose'),
  search: (query) => ipcRenderer.invoke('search', query),
  show: (file) => ipcRenderer.invoke('show', file),
});

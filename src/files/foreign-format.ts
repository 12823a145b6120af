/** Says what a file that is not a GGUF file looks like, from its first bytes: the likely slip, for a message. */
export function foreignFormat(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'empty';
  const start = String.fromCharCode(...bytes.subarray(0, 64));
  if (start.startsWith('version https://git-lfs')) return 'a Git LFS pointer; the file itself was not downloaded';
  if (/^\s*</.test(start)) return 'a web page, perhaps of a login or an error';
  if (start.startsWith('PK')) return 'a ZIP archive (PyTorch checkpoints are, too)';
  if (start[8] === '{') return 'a safetensors file; convert it to GGUF first';
  if (/^(lmgg|fmgg|tjgg|algg)/.test(start)) return 'a file in the old GGML format; convert it to GGUF again';
  if (/^[\t\n\r -~]*$/.test(start)) return 'a text file';
  return bytes.length < 4 ? 'too short' : 'of an unknown format';
}

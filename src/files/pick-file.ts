/** What llama.cpp takes when no quantization is named. */
const USUAL = 'Q4_K_M';

/**
 * Chooses the GGUF file of a repository: that of a quantization or, as llama.cpp does, Q4_K_M or the first. Parts of split files and
 * projectors of images are no models.
 */
export function pickGguf(files: readonly string[], quantization?: string): string | undefined {
  const models = files
    .filter((file) => /\.gguf$/i.test(file) && !/-\d{5}-of-\d{5}\.gguf$/i.test(file) && !/mmproj/i.test(file))
    .sort();
  if (quantization !== undefined) return models.find((file) => isOf(file, quantization));
  return models.find((file) => isOf(file, USUAL)) ?? models[0];
}

/** Whether a file's name has the quantization as a word of its own. */
function isOf(file: string, quantization: string): boolean {
  const words = `-${file.toLowerCase().replace(/[./]/g, '-')}-`;
  return words.includes(`-${quantization.toLowerCase()}-`) || words.includes(`_${quantization.toLowerCase()}-`);
}

import type { GgufTensor } from '../gguf-tensors.js';
import { shown } from '../shown.js';
import type { Architecture, Dimensions, TensorRole, TensorRule } from './architecture.js';
import type { Findings } from './findings.js';

/**
 * Types that llama.cpp computes with, by what a tensor is for. In other roles or types it aborts the process, or reads through a
 * null pointer. The small ones (IQ1 to IQ3) are those of the published files.
 */
const TYPES: Readonly<Record<TensorRole, readonly string[]>> = {
  vector: ['F32'],
  table: ['F32', 'F16', 'BF16'],
  matrix: [
    ...['F32', 'F16', 'BF16', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K', 'IQ4_NL', 'IQ4_XS'],
    ...['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S'],
  ],
};

const ADVICE = 'The file is damaged or was converted wrongly; fetch it again, or convert the model again';

/** Checks that a file holds the tensors of its architecture and no others, each with its shape and a type that can be computed with. */
export function checkTensors(findings: Findings, architecture: Architecture, dimensions: Dimensions): void {
  const all = new Map(findings.header.tensors.map((tensor) => [tensor.name, tensor]));
  const rest = new Map(all);
  for (const rule of architecture.tensors) {
    for (let layer = 0; layer < (rule.name.includes('*') ? dimensions.layers : 1); layer++) {
      const own = (name: string): string => name.replace('*', String(layer));
      if (rule.beside !== undefined && !all.has(own(rule.beside))) continue;
      if (rule.insteadOf !== undefined && all.has(own(rule.insteadOf))) continue;
      const name = own(rule.name);
      const optional = rule.optional === true || (rule.optional === 'first' && layer === 0);
      checkTensor(findings, { ...rule, name, optional }, all.get(name), dimensions);
      rest.delete(name);
    }
  }
  for (const name of rest.keys()) {
    const where = `${architecture.name} models of ${dimensions.layers} layers`;
    findings.problem('MODEL_CORRUPT', `tensor ${shown(name)} is there, which ${where} do not have`, ADVICE);
  }
}

function checkTensor(
  findings: Findings,
  { name, role, shape, optional }: Omit<TensorRule, 'optional'> & { readonly optional: boolean },
  tensor: GgufTensor | undefined,
  dimensions: Dimensions,
): void {
  const expected = shape.map((length) => dimensions[length]);
  if (tensor === undefined) {
    if (!optional)
      findings.problem('MODEL_CORRUPT', `tensor ${name} is missing, expected one of [${expected.join(', ')}]`, ADVICE);
    return;
  }
  const length = Math.max(expected.length, tensor.shape.length);
  if (Array.from({ length }, (_, i) => (expected[i] ?? 1) === (tensor.shape[i] ?? 1)).includes(false)) {
    const found = `tensor ${name} has the shape [${tensor.shape.join(', ')}]`;
    findings.problem('MODEL_CORRUPT', `${found}, expected [${expected.join(', ')}]`, ADVICE);
  }
  if (!TYPES[role].includes(tensor.type)) {
    const found = `tensor ${name} has type ${tensor.type}`;
    const advice = 'Use another quantization of the model: Q8_0, Q4_K_M, F16';
    findings.problem('MODEL_UNSUPPORTED_TYPE', `${found}, expected ${TYPES[role].join(', ')}`, advice);
  }
}

import { type ErrorCode, RerankError } from '../../errors.js';
import type { RawHeader } from '../gguf-header.js';
import { GgufArray, type GgufEntry } from '../gguf-values.js';
import type { Report } from '../header-reader.js';
import { shown } from '../shown.js';

/** A file's header while it is checked: what is in it, and where problems go. */
export class Findings {
  constructor(
    readonly path: string,
    readonly header: RawHeader,
    private readonly report: Report,
  ) {}

  /** `what` was found and what was expected; `advice` what to do about it. */
  problem(code: ErrorCode, what: string, advice: string): void {
    this.report(new RerankError(code, `${this.path}: ${what}. ${advice}`));
  }

  entry(key: string): GgufEntry | undefined {
    return this.header.metadata.get(key);
  }

  /** A list of this type, or undefined. */
  list(key: string, type: GgufArray['type']): GgufArray | undefined {
    const value = this.entry(key)?.value;
    return value instanceof GgufArray && value.type === type ? value : undefined;
  }

  /** A value as it may stand in a message. */
  describe(key: string): string {
    const entry = this.entry(key);
    if (entry === undefined) return 'absent';
    const { type, value } = entry;
    if (value instanceof GgufArray) return `a list of ${value.length} ${value.type}`;
    return `${typeof value === 'string' ? JSON.stringify(shown(value)) : String(value)} (${type})`;
  }
}

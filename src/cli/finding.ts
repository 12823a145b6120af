/** One thing that `doctor` looked at. */
export interface Finding {
  readonly name: string;
  /** `note`: works, but there is something to know. */
  readonly state: 'ok' | 'note' | 'bad';
  readonly found: string;
  /** How to mend it. */
  readonly advice?: string;
}

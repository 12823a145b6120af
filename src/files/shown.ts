/** A name out of a file as it may stand in a message: short, and without what would steer a terminal. */
export function shown(name: string): string {
  const plain = name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return plain.length > 80 ? `${plain.slice(0, 79)}…` : plain;
}

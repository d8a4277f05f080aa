const FORMAT = new Intl.NumberFormat('en-US')

/** A count as people read it: 12,345, whatever the browser's own country writes. */
export function number(value: number, decimals = 0): string {
  return decimals
    ? value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    : FORMAT.format(value)
}

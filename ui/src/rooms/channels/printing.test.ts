import { expect, test } from 'vitest'
import { inked, pixels, printed } from './printing'

function code(): SVGSVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  made.setAttribute('viewBox', '0 0 33 33')
  return made
}

test('a print is in millimetres, with words below that cannot break it', () => {
  const svg = printed(code(), { size: 50, logo: false, words: ['展会 <1>', '送电子书'] })
  expect(svg).toContain('width="60mm"')
  expect(svg).toContain('展会 &#60;1&#62;')
  expect(svg).not.toContain('<1>')
  expect(svg.match(/<text /g)).toHaveLength(2)
})

test('the space for a logo lies in the middle', () => {
  const svg = printed(code(), { size: 50, logo: true, words: [] })
  expect(svg).toContain('<rect x="25" y="25" width="10" height="10"')
})

test('a name of many signs gets smaller letters, not a wider image', () => {
  const height = (word: string) =>
    Number(/font-size="([\d.]+)"/.exec(printed(code(), { size: 50, logo: false, words: [word] }))?.[1])
  expect(height('展')).toBeCloseTo(5.5)
  expect(height('展'.repeat(30))).toBeLessThan(1.7)
})

test('five centimetres are 709 pixels at 300 dpi with the quiet zone', () => {
  expect(pixels(50)).toBe(709)
})

test('the white edge of an image is no part of the code', () => {
  const white = new Uint8ClampedArray(10 * 10 * 4).fill(255)
  expect(inked(white, 10, 10)).toEqual({ left: 0, top: 0, side: 10 })
  for (const [x, y] of [
    [2, 3],
    [7, 8],
  ]) {
    const at = ((y ?? 0) * 10 + (x ?? 0)) * 4
    white.fill(0, at, at + 3)
  }
  expect(inked(white, 10, 10)).toEqual({ left: 2, top: 3, side: 6 })
})

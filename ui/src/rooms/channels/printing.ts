/** Images of codes at print size, made in the browser, which has the fonts for the words below them. */

export interface Print {
  /** Width of the code in mm, its quiet zone not counted. */
  size: number
  /** Leave the middle free; the code is drawn with the highest correction, which bears it. */
  logo: boolean
  /** Lines below the code. */
  words: string[]
}

const QUIET = 0.1
/** Share of the code's width on each side that stays white, as scanners ask for (four modules of 33 to 41). */
const LOGO = 0.2
const DPI = 300

/** Pixels of the whole image's width at 300 dpi. */
export function pixels(size: number): number {
  return Math.round(((size * (1 + 2 * QUIET)) / 25.4) * DPI)
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

/** Latin letters are about half as wide as Chinese signs. */
function wide(text: string): number {
  return [...text].reduce((sum, sign) => sum + (sign.charCodeAt(0) > 255 ? 1 : 0.55), 0)
}

/** An SVG in millimetres around a drawn code. */
export function printed(code: SVGSVGElement, { size, logo, words }: Print): string {
  const edge = size * QUIET
  const width = size + 2 * edge
  const inner = code.cloneNode(true) as SVGSVGElement
  for (const [name, value] of Object.entries({ x: edge, y: edge, width: size, height: size }))
    inner.setAttribute(name, String(value))
  inner.removeAttribute('style')
  let at = size + 2 * edge
  const lines = words.map((word, place) => {
    const height = Math.min(size * (place === 0 ? 0.11 : 0.08), (size * 0.98) / Math.max(wide(word), 1))
    at += height * 1.2
    const text = `<text x="${width / 2}" y="${at - height * 0.2}" font-size="${height}">${escaped(word)}</text>`
    return text
  })
  const tall = words.length ? at + edge * 0.7 : width
  const side = size * LOGO
  const free = logo
    ? `<rect x="${(width - side) / 2}" y="${edge + (size - side) / 2}" width="${side}" height="${side}" rx="${side / 10}" fill="#fff"/>`
    : ''
  const drawing = new XMLSerializer().serializeToString(inner)
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}mm" height="${tall}mm" viewBox="0 0 ${width} ${tall}" ` +
    `font-family="'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','WenQuanYi Micro Hei',sans-serif" ` +
    `text-anchor="middle"><rect width="100%" height="100%" fill="#fff"/>${drawing}${free}${lines.join('')}</svg>`
  )
}

export interface Embedded {
  /** The image as a data address, which a drawing can hold by itself. */
  address: string
  width: number
  height: number
  /** The square of the code in it, without the white edge: left, top and side in pixels. */
  code: { left: number; top: number; side: number }
}

/** The square around what is not white; the whole image where nothing else is. */
export function inked(pixels: Uint8ClampedArray, width: number, height: number): Embedded['code'] {
  let [left, top, right, bottom] = [width, height, -1, -1]
  for (let at = 0; at < width * height; at++) {
    const light = Math.min(pixels[at * 4] ?? 255, pixels[at * 4 + 1] ?? 255, pixels[at * 4 + 2] ?? 255)
    if (light > 200 || (pixels[at * 4 + 3] ?? 255) < 50) continue
    const [x, y] = [at % width, Math.floor(at / width)]
    left = Math.min(left, x)
    right = Math.max(right, x)
    top = Math.min(top, y)
    bottom = Math.max(bottom, y)
  }
  if (right < 0) return { left: 0, top: 0, side: Math.min(width, height) }
  return { left, top, side: Math.max(right - left, bottom - top) + 1 }
}

export async function embedded(blob: Blob): Promise<Embedded> {
  const address = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(blob)
  })
  const image = new Image()
  image.src = address
  await image.decode()
  const [width, height] = [image.naturalWidth, image.naturalHeight]
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const pen = canvas.getContext('2d')
  pen?.drawImage(image, 0, 0)
  const seen = pen?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray()
  return { address, width, height, code: inked(seen, width, height) }
}

/** An SVG as PNG, `width` pixels wide. */
export async function drawn(svg: string, width: number): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  try {
    const image = new Image()
    image.src = address
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = Math.round((width * image.naturalHeight) / image.naturalWidth)
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no image'))), 'image/png')
    })
  } finally {
    URL.revokeObjectURL(address)
  }
}

/** Hands a file to the person. */
export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

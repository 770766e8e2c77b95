// The API reference for people: Swagger UI out of the executable itself, so that it works without
// internet, under a policy that lets the browser run and fetch nothing from anywhere else.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import bundlePath from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }
import presetPath from 'swagger-ui-dist/swagger-ui-standalone-preset.js' with { type: 'file' }
import stylePath from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }

/** One file of the reference page, as it goes out. */
export type ReferenceFile = {
  readonly body: Uint8Array<ArrayBuffer>
  readonly type: string
  readonly etag: string
  readonly encoding: 'gzip' | 'identity'
}

/** What every answer under `/docs` carries. The images are those inside the style sheet. */
export const referenceHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache', // kept by the browser, asked about by its tag
  vary: 'accept-encoding',
} as const

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Deskbox API reference</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="reference"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/swagger-ui-standalone-preset.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`

// The validator is an outside service that a browser would be asked to call, and the logo carries a
// style element, which the policy refuses.
const start = `SwaggerUIBundle({
  dom_id: '#reference',
  urls: [
    { name: 'Keva', url: '/api/v1/openapi.json' },
    { name: 'Keva, page shapes', url: '/api/openapi.json' },
    { name: 'DeskHive admin', url: '/api/v1/internal/openapi.json' },
    { name: 'DeskHive agent', url: '/api/v1/external/openapi.json' },
  ],
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  plugins: [() => ({ components: { Logo: () => null } })],
  layout: 'StandaloneLayout',
  deepLinking: true,
  docExpansion: 'list',
  validatorUrl: null,
})
`

type Source = { type: string; read: () => string | Uint8Array<ArrayBuffer> }

const html = 'text/html; charset=utf-8'
const script = 'text/javascript; charset=utf-8'
const style = 'text/css; charset=utf-8'

const sources: Record<string, Source> = {
  '/docs': { type: html, read: () => page },
  '/docs/': { type: html, read: () => page },
  '/docs/start.js': { type: script, read: () => start },
  '/docs/swagger-ui-bundle.js': { type: script, read: () => readFileSync(bundlePath) },
  '/docs/swagger-ui-standalone-preset.js': { type: script, read: () => readFileSync(presetPath) },
  '/docs/swagger-ui.css': {
    type: style,
    read: () => `${readFileSync(stylePath, 'utf8')}\nbody{margin:0}`,
  },
}

const kept = new Map<string, ReferenceFile>()

/** A file of the reference page, made on first use and kept; undefined for any other path. */
export function referenceFile(path: string, acceptsGzip: boolean): ReferenceFile | undefined {
  if (!Object.hasOwn(sources, path)) return undefined
  const key = `${path} ${acceptsGzip ? 'gzip' : 'identity'}`
  const file = kept.get(key) ?? make(path, acceptsGzip)
  if (file) kept.set(key, file)
  return file
}

function make(path: string, acceptsGzip: boolean): ReferenceFile | undefined {
  const source = sources[path]
  if (!source) return undefined
  const plain = Buffer.from(source.read())
  const body = acceptsGzip ? Bun.gzipSync(plain, { library: 'libdeflate', level: 6 }) : plain
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { body, type: source.type, etag, encoding: acceptsGzip ? 'gzip' : 'identity' }
}

/** The whole answer to a GET or HEAD under `/docs`, with 304 for what the browser still holds. */
export function referenceResponse(path: string, headers: Headers): Response | undefined {
  const accepts = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(
    headers.get('accept-encoding') ?? '',
  )
  const file = referenceFile(path, accepts)
  if (!file) return undefined
  const shared = { ...referenceHeaders, etag: file.etag }
  if (headers.get('if-none-match') === file.etag)
    return new Response(null, { status: 304, headers: shared })
  const encoding = file.encoding === 'gzip' ? { 'content-encoding': 'gzip' } : {}
  return new Response(file.body, { headers: { ...shared, ...encoding, 'content-type': file.type } })
}

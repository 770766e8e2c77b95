import { describe, expect, test } from 'bun:test'
import { openTestApp } from './support/harness.ts'

async function get(path: string, headers: { [name: string]: string } = {}): Promise<Response> {
  using desk = await openTestApp()
  return await desk.app.handle(
    new Request(`http://localhost${path}`, { headers: { host: 'localhost', ...headers } }),
  )
}

const page = '/docs'
const assets = [
  '/docs/start.js',
  '/docs/swagger-ui-bundle.js',
  '/docs/swagger-ui-standalone-preset.js',
  '/docs/swagger-ui.css',
]

describe('the reference page', () => {
  test('is where the bare address leads', async () => {
    const response = await get('/')
    expect([response.status, response.headers.get('location')]).toEqual([302, page])
  })

  test('loads from this server alone, under a policy that allows nothing else', async () => {
    const response = await get(page)
    const html = await response.text()
    const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '')
    expect(loaded.filter((url) => !url.startsWith('data:')).toSorted()).toEqual(assets.toSorted())
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/)
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';.*connect-src 'self'/,
    )
  })

  test('offers the three documents, each of which is served without a key', async () => {
    const script = await (await get('/docs/start.js')).text()
    const documents = [...script.matchAll(/\/api\/v1\/[a-z/]*openapi\.json/g)].map(([url]) => url)
    expect(new Set(documents).size).toBe(3)
    for (const url of documents) {
      const response = await get(url)
      expect(await response.json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) })
    }
  })

  test.each(assets)('%s comes compressed where that is understood', async (path) => {
    const plain = await get(path, { 'accept-encoding': 'identity' })
    const small = await get(path, { 'accept-encoding': 'gzip' })
    const bytes = new Uint8Array(await small.arrayBuffer())
    expect(small.headers.get('content-encoding')).toBe('gzip')
    expect(Buffer.from(Bun.gunzipSync(bytes))).toEqual(Buffer.from(await plain.bytes()))
  })

  test('is not sent again to who still holds it', async () => {
    const first = await get('/docs/swagger-ui.css')
    const again = await get('/docs/swagger-ui.css', {
      'if-none-match': first.headers.get('etag') ?? '',
    })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })

  test('serves no other file', async () => {
    expect((await get('/docs/../package.json')).status).toBe(404)
    expect((await get('/docs/missing.js')).status).toBe(404)
  })
})

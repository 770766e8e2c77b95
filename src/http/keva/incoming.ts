import { triggerIncoming } from '../../domain/incoming.ts'
import type { Fact } from '../../domain/facts.ts'
import { uidOf } from '../../lib/ids.ts'
import { isDeeperThan } from '../../lib/depth.ts'
import { Fault } from '../../domain/errors.ts'
import { withPreparation, type Endpoint } from '../endpoint.ts'
import type { KevaSurface } from './surface.ts'
import { presentStart, startShape } from './workflowshapes.ts'

const levelsMost = 100

/**
 * The URL of a workflow (keva.md 8.7). It needs no key: its id has 128 random bits. Whoever knows them, and the
 * secret if the workflow has one, starts it with any JSON.
 */
export function incoming(on: KevaSurface): readonly Endpoint[] {
  return [
    withPreparation({
      method: 'POST',
      path: '/webhooks/workflow/:id',
      scope: null,
      access: 'public',
      tag: 'Workflows',
      summary: 'Start a workflow by its own URL',
      answer: { status: 200, shape: on.single(startShape) },
      takesAnyJson: true,
      cutsLoops: true,
      prepare: (_call, services, { request: { headers }, bytes }) => {
        const proof = {
          secret: headers.get('x-webhook-secret'),
          signature: headers.get('x-hub-signature-256') ?? headers.get('x-keva-signature'),
          body: bytes,
        }
        const deliveryId = headers.get('webhook-id') ?? headers.get('idempotency-key')
        return () => Promise.resolve({ proof, deliveryId, sealing: services.sealing() })
      },
      run({ tx, params, body }, sent) {
        if (isDeeperThan(body, levelsMost)) throw new Fault('malformed', 'json')
        const uid = uidOf('workflow', params['id'] ?? '')
        const run = triggerIncoming(tx, uid, { ...sent, data: body as Fact })
        if (run instanceof Fault) return run
        return { status: 200, body: on.body(presentStart(run)) }
      },
    }),
  ]
}

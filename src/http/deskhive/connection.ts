import type { Endpoint } from '../endpoint.ts'
import { checked } from './envelope.ts'

const message = 'Connection check successful'

/** The connection check of a group (deskhive.md sections 5 and 20). */
export function connection(scope: string | null): Endpoint {
  return {
    method: 'GET',
    path: '/connection-check',
    scope,
    tag: 'Connection',
    summary: 'Check that the key opens this group',
    answer: { status: 200, shape: checked(message) },
    run: () => ({ status: 200, body: { status: true, message } }),
  }
}

import { z } from 'zod'
import {
  approvalStatuses,
  createApproval,
  decideApproval,
  getApproval,
  listApprovals,
} from '../../domain/approvals.ts'
import { uidOf } from '../../lib/ids.ts'
import type { Window } from '../../lib/page.ts'
import type { Endpoint } from '../endpoint.ts'
import { readQuery } from '../fields.ts'
import { proposal, readProposal, readVerdict, verdict } from './approvalfields.ts'
import { approvalShape, presentApproval } from './approvalshapes.ts'
import { oneOf } from './fields.ts'
import { bare, type KevaSurface } from './surface.ts'

const filters = z.object({ status: oneOf(approvalStatuses).optional() })

const reading = { scope: 'tickets:read', orScope: 'approvals:read', tag: 'Approvals' } as const
const writing = { scope: 'tickets:write', orScope: 'approvals:write', tag: 'Approvals' } as const

/** keva.md section 5. */
export function approvals(on: KevaSurface): readonly Endpoint[] {
  const list = on.list('approvals', bare())
  const shape = on.single(approvalShape)
  return [
    {
      ...reading,
      method: 'GET',
      path: '/approvals',
      summary: 'List approvals of a status, newest first; pending ones unless another is named',
      query: list.query(filters),
      answer: list.answer(approvalShape),
      run({ tx, query }) {
        const { status = 'pending' } = readQuery(tx, filters, query)
        const rowsIn = (window: Window) => listApprovals(tx, status, window)
        return { status: 200, body: list.body(query, rowsIn, presentApproval) }
      },
    },
    {
      ...writing,
      method: 'POST',
      path: '/approvals',
      summary: 'Propose an action, for a person to decide',
      body: proposal,
      answer: { status: 201, shape },
      run({ tx, body }) {
        const approval = createApproval(tx, readProposal(tx, body))
        return { status: 201, body: on.body(presentApproval(approval)) }
      },
    },
    {
      ...reading,
      method: 'GET',
      path: '/approvals/:id',
      summary: 'Read an approval',
      answer: { status: 200, shape },
      run({ tx, params }) {
        const approval = getApproval(tx, uidIn(params))
        return { status: 200, body: on.body(presentApproval(approval)) }
      },
    },
    {
      ...writing,
      method: 'PATCH',
      path: '/approvals/:id',
      summary: 'Approve an action, which carries it out, or reject it',
      body: verdict,
      answer: { status: 200, shape },
      run({ tx, params, body }) {
        const { uid } = getApproval(tx, uidIn(params))
        const approval = decideApproval(tx, uid, readVerdict(tx, body))
        return { status: 200, body: on.body(presentApproval(approval)) }
      },
    },
  ]
}

function uidIn(params: { readonly [name: string]: string }): string | undefined {
  return uidOf('approval', params['id'] ?? '')
}

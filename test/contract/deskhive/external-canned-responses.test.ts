import { contract } from '../../support/contract.ts'
import { externalRefusals } from '../refusals.ts'
import type { Before } from '../../support/contract.ts'

// deskhive.md 22.1.

const line = 'GET /api/v1/external/canned-responses'

const add = (body: object): Before => ({
  call: 'POST /api/v1/internal/canned-responses',
  key: 'special',
  body,
})

const item = {
  content: null as string | null,
  category: null as string | null,
  shortcut: null as string | null,
  is_active: true,
  sort_order: 0,
}

contract(line, { key: 'agent', call: line }, [
  { name: 'shows an empty list', status: 200, reply: { status: true, data: [] } },
  {
    name: 'shows the active ones by order, then title, with exactly seven keys',
    given: [
      add({ title: 'Zinc', shortcut: '/z', category: 'Metals', content: '<p>Zn</p>' }),
      add({ title: 'Copper' }),
      add({ title: 'First of all', sort_order: 0 }),
      add({ title: 'Last', sort_order: 3 }),
      add({ title: 'Asleep', is_active: false }),
    ],
    status: 200,
    reply: {
      status: true,
      data: [
        { ...item, id: 2, title: 'Copper' },
        { ...item, id: 3, title: 'First of all' },
        { ...item, id: 1, title: 'Zinc', shortcut: '/z', category: 'Metals', content: '<p>Zn</p>' },
        { ...item, id: 4, title: 'Last', sort_order: 3 },
      ],
    },
  },
  ...externalRefusals(line),
])

import { contract } from '../../support/contract.ts'

// deskhive.md section 1.

const line = 'GET /api/v1/health-check'
const healthy = { status: 200, reply: { message: 'Health check successful' } }

contract(line, { call: line }, [
  { ...healthy, name: 'answers without a key (smoke 1)' },
  { ...healthy, name: 'does not look at a key', key: 'internalRevoked' },
  {
    ...healthy,
    name: 'does not look at Accept, and never answers HTML',
    headers: { accept: 'text/html' },
  },
  { name: 'answers HEAD', call: 'HEAD /api/v1/health-check', status: 200, reply: undefined },
  {
    name: 'takes no other method',
    call: 'POST /api/v1/health-check',
    status: 405,
    reply: { message: 'Method not allowed' },
    answers: { allow: 'GET, HEAD' },
  },
])
